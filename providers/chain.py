"""The order in which the sources of an episode are tried, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from providers.contracts import Language, Source
from providers.models import Provider, ProviderStatus


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


def order(sources: Sequence[Source], languages: Sequence[Language]) -> list[Candidate]:
    """The sources in the order in which they are to be tried."""
    return list(explain(sources, languages).candidates)


def explain(sources: Sequence[Source], languages: Sequence[Language]) -> Chain:
    """By the order of languages, then usable hosts before resting, blocked and failing ones, then by priority.

    Dropped: languages that are not wanted, hosts that are unknown or disabled. A host that rests or is down stays, as
    the last resort of its language.
    """
    known = {name: row for name, row in Provider.known().items() if row.kind == Provider.Kind.HOST}
    wanted = list(dict.fromkeys(languages))
    kept: list[tuple[tuple[int, int, int, int], Candidate]] = []
    dropped: list[Dropped] = []
    for position, source in enumerate(dict.fromkeys(sources)):
        row = known.get(source.host)
        refusal = _refusal(source, row, wanted)
        if row is None or refusal:
            dropped.append(Dropped(source, refusal))
            continue
        standing, why = _standing(row)
        place = (wanted.index(source.language), standing, row.priority, position)
        reason = _("%(language)s, choice %(choice)d; %(host)s: %(state)s, priority %(priority)d") % {
            "language": source.language.value,
            "choice": place[0] + 1,
            "host": row.display_name,
            "state": why,
            "priority": row.priority,
        }
        kept.append((place, Candidate(source, reason)))
    return Chain(tuple(candidate for _place, candidate in sorted(kept, key=lambda one: one[0])), tuple(dropped))


def _refusal(source: Source, row: Provider | None, wanted: list[Language]) -> str:
    if source.language not in wanted:
        return _("%(language)s is not wanted.") % {"language": source.language.value}
    if row is None:
        return _("There is no host named %(host)s.") % {"host": source.host[:64]}
    return "" if row.enabled else _("%(host)s is not enabled.") % {"host": row.display_name}


def _standing(row: Provider) -> tuple[int, str]:
    """How far back a host stands for its state, and that state in words."""
    record: ProviderStatus | None = getattr(row, "status_record", None)
    if record is None:
        return 0, _("usable")
    if record.status == ProviderStatus.Status.DOWN:
        return 3, _("down")
    if record.status == ProviderStatus.Status.BLOCKED:
        return 2, _("blocked at the last try")
    return (1, _("resting")) if record.is_open else (0, _("usable"))
