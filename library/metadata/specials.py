"""Films and specials: which of TMDB's a film of the catalogue is, and under which number its file is named.

Both count season 0, and each in its own way; media servers go by TMDB's. What a person chose is in force before
everything, then a proposal that is sure, then the catalogue's own number; no number is in force twice in a series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import audit
from aniworld.live import publish as live
from aniworld.refusals import Invalid
from library import catalog
from library.metadata.special_matching import Film, Match, Special, propose
from library.models import AnnouncedEpisode, Episode, EpisodeFile, Series

SPECIALS = 0
# Larger ones are a slip, and no name of a file has room for them.
LARGEST = 9999
Choices = Mapping[int, int | None]


class WrongChoices(Invalid):
    """Choices that can't be kept. `errors` has a sentence for each wrong one, by the film that was sent."""

    code = "invalid_specials"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A film by the catalogue's number, what it probably is, what a person said, and the number in force."""

    film: int
    title: str
    proposed: int | None
    proposed_title: str
    confidence: float
    override: int | None
    in_force: int
    in_force_title: str


def proposals(series: Series) -> list[Proposal]:
    """Each film and special that the catalogue lists, in order; two queries."""
    films, listed = _films(series), _listed(series)
    found, titles = _matches(series, films, listed), {special.number: special.title for special in listed}
    return [_proposal(film, found.get(film.number), titles) for film in films]


def listed(series: Series) -> list[Special]:
    """The specials that TMDB lists of it, in order; none before its metadata was loaded."""
    return _listed(series)


def settle(series: Series) -> None:
    """Puts into force what was chosen and what is sure. Files that a scan had put down for the special are the film's.

    To be called whenever films, choices or TMDB's list have changed.
    """
    listed, found = _judged(series)
    with transaction.atomic():
        _put_in_force(series, listed, found)


def _judged(series: Series) -> tuple[list[Special], dict[int, Match]]:
    """TMDB's list, and what each film probably is: before a transaction, since comparing many titles takes a while."""
    listed = _listed(series)
    return listed, _matches(series, _films(series), listed)


def _put_in_force(series: Series, listed: Sequence[Special], found: Mapping[int, Match]) -> None:
    films = _films(series, locked=True)
    wanted = _in_force(films, found, listed)
    changed = [film for film in films if film.special_number != wanted[film.number]]
    for film in changed:
        film.special_number = wanted[film.number]
    Episode.objects.bulk_update(changed, ["special_number"], batch_size=200)
    _hand_over(series, films)
    if changed:
        live.publish("series_updated", {"key": series.key, "name": series.name, "changed": ["specials"]})


def read_choices(sent: Mapping[str, object]) -> dict[int, int | None]:
    """Films and specials as they were sent. Raises `WrongChoices` with all that are no numbers."""
    choices: dict[int, int | None] = {}
    errors: dict[str, str] = {}
    for film, special in sent.items():
        if not (film.isascii() and film.isdigit() and len(film) < 10):
            # Whatever was sent is told back in letters that every answer can hold.
            errors[ascii(film)[1:-1][:80]] = _("A film is named by its number at the catalogue.")
        elif special is not None and (not isinstance(special, int) or isinstance(special, bool)):
            errors[film] = _("A special is named by its number, or null for none.")
        else:
            choices[int(film)] = special
    if errors:
        raise WrongChoices(errors)
    return choices


def choose(series: Series, choices: Choices, *, by: str, via: str) -> None:
    """Says which special each of these films is; None takes a choice back. All are kept, or none.

    NFO files are written anew in the background; files keep their names until they are renamed.
    Raises `WrongChoices`, and `Conflict` for a removed series.
    """
    listed, found = _judged(series)
    with transaction.atomic():
        films = {film.number: film for film in _films(series, locked=True)}
        _demand_right(films, choices)
        changes = {}
        for number, special in choices.items():
            if films[number].special_choice != special:
                changes[films[number].code] = (films[number].special_choice, special)
                films[number].special_choice = special
        if not changes:
            return
        Episode.objects.bulk_update(films.values(), ["special_choice"], batch_size=200)
        _put_in_force(series, listed, found)
        audit.record(by, via, "chose specials", f"series {series.key}", changes)
        catalog.reload(series, ("nfo",))


def _demand_right(films: Mapping[int, Episode], choices: Choices) -> None:
    errors: dict[str, str] = {}
    final = {film.number: film.special_choice for film in films.values()} | dict(choices)
    holders: dict[int, list[int]] = {}
    for number, special in final.items():
        if special is not None:
            holders.setdefault(special, []).append(number)
    for number, special in choices.items():
        if number not in films:
            errors[str(number)] = _("The catalogue lists no film %d.") % number
        elif special is None:
            continue
        elif not 0 <= special <= LARGEST:
            errors[str(number)] = _("The number of a special is from 0 to %d.") % LARGEST
        elif len(holders[special]) > 1:
            others = ", ".join(str(other) for other in sorted(holders[special]) if other != number)
            text = _("Film %(others)s is special %(special)d already. Each special is one film only.")
            errors[str(number)] = text % {"others": others, "special": special}
    if errors:
        raise WrongChoices(errors)


def _films(series: Series, *, locked: bool = False) -> list[Episode]:
    """What the catalogue lists. A special that only a file tells of has its number from there, which is TMDB's."""
    rows = Episode.objects.filter(series=series, season=SPECIALS).exclude(link="").order_by("number")
    return list(rows.select_for_update() if locked else rows)


def _listed(series: Series) -> list[Special]:
    rows = AnnouncedEpisode.objects.filter(series=series, season=SPECIALS).order_by("number")
    return [Special(number, title) for number, title in rows.values_list("number", "title")]


def _matches(series: Series, films: Sequence[Episode], listed: Sequence[Special]) -> dict[int, Match]:
    names = [series.name, *(title for title in series.alternative_titles if isinstance(title, str))]
    return propose([Film(film.number, (film.title, film.title_alt)) for film in films], listed, names)


def _in_force(films: Sequence[Episode], found: Mapping[int, Match], listed: Sequence[Special]) -> dict[int, int | None]:
    """The number of each film in the names of files; None is its own."""
    wanted: dict[int, int | None] = {film.number: film.special_choice for film in films}
    taken = {number for number in wanted.values() if number is not None}
    for film in films:
        match = found.get(film.number)
        if film.special_choice is None and match and match.is_sure and match.special.number not in taken:
            wanted[film.number] = match.special.number
            taken.add(match.special.number)
    displaced = [film.number for film in films if wanted[film.number] is None and film.number in taken]
    taken |= {film.number for film in films if wanted[film.number] is None}
    # Above whatever anybody counts: nothing else is ever meant by it.
    free = 1 + max((*(film.number for film in films), *taken, *(special.number for special in listed)), default=0)
    for number in displaced:
        probably = found[number].special.number if number in found else free
        wanted[number] = probably if probably not in taken else free
        free = max(free, (wanted[number] or 0) + 1)
    return wanted


def _hand_over(series: Series, films: Sequence[Episode]) -> None:
    """Files of a special that only they told of, such as S00E05, belong to the film that is the fifth special."""
    by_number = {film.special_number: film for film in films if film.special_number is not None}
    unlisted = Episode.objects.filter(series=series, season=SPECIALS, link="", number__in=list(by_number))
    for episode in unlisted:
        film = by_number[episode.number]
        if EpisodeFile.objects.filter(episode=episode).update(episode=film):
            episode.settle_files()
            film.settle_files()


def _proposal(film: Episode, match: Match | None, titles: Mapping[int, str]) -> Proposal:
    return Proposal(
        film=film.number,
        title=film.title or film.title_alt,
        proposed=match.special.number if match else None,
        proposed_title=match.special.title if match else "",
        confidence=match.confidence if match else 0.0,
        override=film.special_choice,
        in_force=film.number_in_names,
        in_force_title=titles.get(film.number_in_names, "") if film.special_number is not None else "",
    )
