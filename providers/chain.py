"""The order in which the sources of an episode are tried, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random, SystemRandom

from django.utils.translation import gettext as _

from aniworld.configuration import store
from providers import score
from providers.contracts import Language, Source
from providers.models import ChainPlace, Provider, ProviderStatus
from providers.score import Score

# Decides which orders begin at another host than the best.
CHANCE: Random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source in its place, with the reason for the place."""

    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A source that is not tried, with the reason."""

    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class Chain:
    """All sources of an episode: those that are tried, in order, and those that are not."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A host in the chain of a language. `position` counts from 1; None: it is not tried there.

    `score` is 0 to 1; `reason` says in words why it stands there.
    """

    name: str
    display_name: str
    position: int | None
    included: bool
    usable: bool
    priority: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a host stands in a language.

    What is equal in `rank` is ordered by whether its last links were all gone, by the score, and then by registration.
    """

    row: Provider
    rank: tuple[int, int, int]
    score: Score
    reason: str

    @property
    def key(self) -> tuple[tuple[int, int, int], bool, float, int]:
        return self.rank, self.score.links.all_gone, -self.score.value, self.row.pk

    @property
    def configured_key(self) -> tuple[tuple[int, ...], bool, float, int]:
        """Without the state, which is of the moment."""
        return self.rank[1:], self.score.links.all_gone, -self.score.value, self.row.pk

    def is_equal(self, other: _Standing) -> bool:
        """Whether only the score decides between the two."""
        return (self.rank, self.score.links.all_gone) == (other.rank, other.score.links.all_gone)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A source that is tried: the number of its language in the plan, its host's standing, its place on the page."""

    choice: int
    standing: _Standing
    position: int
    candidate: Candidate

    @property
    def key(self) -> tuple[int, tuple[tuple[int, int, int], bool, float, int], int]:
        return self.choice, self.standing.key, self.position


# The operator's words on hosts, by the provider's id and the language.
_Words = dict[tuple[int, str], ChainPlace]


def order(sources: Sequence[Source], languages: Sequence[Language]) -> Chain:
    """The sources in the order in which they are to be tried now, which is that of `explain` for the most part.

    In `providers.explore_percent` of the orders the first host is one of which little is known and that may be better
    than the best for all that is: without that nobody would find out. It is equal to the best in language, priority and
    state.
    """
    kept, dropped = _sorted(sources, languages)
    if kept and CHANCE.random() * 100 < store.current().providers.explore_percent:
        kept = _explored(kept)
    return _chain(kept, dropped)


def explain(sources: Sequence[Source], languages: Sequence[Language]) -> Chain:
    """By the order of languages, then usable hosts before resting, blocked and failing ones, then by the operator's
    order and priority, then those whose last links were all gone (`providers.gone_links`), then by score.

    Dropped: languages that are not wanted, hosts that are unknown, disabled or taken out of the chain. A host that
    rests or is down stays, as the last resort of its language.
    """
    return _chain(*_sorted(sources, languages))


def chain_of(language: str | None = None, *, as_configured: bool = False) -> list[Place]:
    """All hosts as they would be tried in a language (None: in any); those that are not tried come last.

    `as_configured`: as they would be tried if all were usable, which is the order that an operator changes.
    """
    words, scores = _words(), score.of_all(language)
    rows = [row for row in Provider.known().values() if row.kind == Provider.Kind.HOST]
    standings = [_standing(row, language, words, scores) for row in rows]
    standings.sort(key=lambda one: one.configured_key if as_configured else one.key)
    tried = [one for one in standings if not _kept_out(one.row, language, words)]
    places = [_place(one, number, one.reason) for number, one in enumerate(tried, start=1)]
    for one in standings:
        if refusal := _kept_out(one.row, language, words):
            included = _is_included(one.row, language, words)
            places.append(replace(_place(one, None, refusal), included=included))
    return places


def _chain(kept: Sequence[_Kept], dropped: Sequence[Dropped]) -> Chain:
    return Chain(tuple(one.candidate for one in kept), tuple(dropped))


def _place(standing: _Standing, position: int | None, reason: str) -> Place:
    row = standing.row
    return Place(
        name=row.name,
        display_name=row.display_name,
        position=position,
        included=True,
        usable=row.is_usable,
        priority=row.priority,
        score=standing.score.value,
        reason=reason,
    )


def _sorted(sources: Sequence[Source], languages: Sequence[Language]) -> tuple[list[_Kept], list[Dropped]]:
    known = {name: row for name, row in Provider.known().items() if row.kind == Provider.Kind.HOST}
    wanted, words = list(dict.fromkeys(languages)), _words()
    scores = {language: score.of_all(language) for language in wanted}
    kept: list[_Kept] = []
    dropped: list[Dropped] = []
    for position, source in enumerate(dict.fromkeys(sources)):
        row = known.get(source.host)
        refusal = _refusal(source, row, wanted, words)
        if row is None or refusal:
            dropped.append(Dropped(source, refusal))
            continue
        choice = wanted.index(source.language)
        standing = _standing(row, source.language, words, scores[source.language])
        kept.append(_Kept(choice, standing, position, Candidate(source, _reason(source, choice, standing))))
    return sorted(kept, key=lambda one: one.key), dropped


def _explored(kept: list[_Kept]) -> list[_Kept]:
    """The same with a promising host first, if there is one among those that are equal to the first."""
    best = kept[0]
    equal = [one for one in kept if one.choice == best.choice and one.standing.is_equal(best.standing)]
    names = list(dict.fromkeys(one.candidate.source.host for one in equal))
    name = score.promising(names, best.candidate.source.language)
    if name in (None, names[0]):
        return kept
    first = next(one for one in equal if one.candidate.source.host == name)
    told = _("%(reason)s; first this time, to find out whether it is better") % {"reason": first.candidate.reason}
    candidate = replace(first.candidate, reason=told)
    return [replace(first, candidate=candidate), *(one for one in kept if one is not first)]


def _refusal(source: Source, row: Provider | None, wanted: list[Language], words: _Words) -> str:
    if source.language not in wanted:
        return _("%(language)s is not wanted.") % {"language": source.language.value}
    if row is None:
        return _("There is no host named %(host)s.") % {"host": source.host[:64]}
    return _kept_out(row, source.language, words)


def _kept_out(row: Provider, language: str | None, words: _Words) -> str:
    """Why a host is not tried; empty when it is."""
    if not row.enabled:
        return _("%(host)s is not enabled.") % {"host": row.display_name}
    if _is_included(row, language, words):
        return ""
    if (row.pk, language) in words:
        told = {"host": row.display_name, "language": language}
        return _("%(host)s is taken out of the chain of %(language)s.") % told
    return _("%(host)s is taken out of the chain.") % {"host": row.display_name}


def _words() -> _Words:
    return {(row.provider_id, row.language): row for row in ChainPlace.objects.all()}


def _is_included(row: Provider, language: str | None, words: _Words) -> bool:
    """The word on the language outweighs the one on all."""
    word = words.get((row.pk, language or "")) or words.get((row.pk, ""))
    return word is None or word.included


def _position(row: Provider, language: str | None, words: _Words) -> int | None:
    """Likewise; None: by priority."""
    found = [words[row.pk, name] for name in (language or "", "") if (row.pk, name) in words]
    return next((word.position for word in found if word.position is not None), None)


def _standing(row: Provider, language: str | None, words: _Words, scores: dict[str, Score]) -> _Standing:
    state, told = _state(row)
    position = _position(row, language, words)
    if position is None:
        place, why = (1, row.priority), _("priority %(priority)d") % {"priority": row.priority}
    else:
        place, why = (0, position), _("place %(position)d in your order") % {"position": position}
    found = scores.get(row.name) or score.UNTRIED
    reason = _("%(state)s, %(place)s, %(score)s") % {"state": told, "place": why, "score": found.explanation}
    return _Standing(row, (state, *place), found, reason)


def _reason(source: Source, choice: int, standing: _Standing) -> str:
    return _("%(language)s, choice %(choice)d; %(host)s: %(reason)s") % {
        "language": source.language.value,
        "choice": choice + 1,
        "host": standing.row.display_name,
        "reason": standing.reason,
    }


def _state(row: Provider) -> tuple[int, str]:
    """How far back a host stands for its state, and that state in words."""
    record: ProviderStatus | None = getattr(row, "status_record", None)
    if record is None:
        return 0, _("usable")
    if record.known_status == ProviderStatus.Status.DOWN:
        return 3, _("down")
    if record.known_status == ProviderStatus.Status.BLOCKED:
        return 2, _("blocked at the last try")
    return (1, _("resting")) if record.is_open else (0, _("usable"))
