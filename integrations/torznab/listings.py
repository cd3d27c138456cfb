"""The series that can be offered, each with its episodes: those of the library, and those known of the catalogues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from django.utils import timezone

from aniworld.configuration import store
from integrations.releases import compared
from integrations.torznab.models import KnownSeries
from integrations.torznab.query import Query
from library.models import Episode, EpisodeFile, Series
from providers.contracts import Language

# Series that one vague query may name.
MOST_SERIES = 20
_LANGUAGES = {language.value: language for language in Language}


@dataclass(frozen=True, slots=True)
class Head:
    """What a series is found by. `row` is that of the library, or with `is_known` of the indexer."""

    row: int
    is_known: bool
    names: tuple[str, ...]
    tvdb_id: int | None = None
    tmdb_id: int | None = None
    imdb_id: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A series that fits a query, the title that it fitted by, and the number over all seasons that stood behind."""

    head: Head
    name: str
    absolute: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An episode. `files` has size in bytes and quality of what is on disk, by language."""

    season: int
    number: int
    named: int
    languages: tuple[Language, ...]
    published: datetime
    seconds: int | None = None
    files: dict[Language, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """A series with its episodes. `planned` are the languages of its plan in order."""

    provider: str
    key: str
    name: str
    planned: tuple[Language, ...]
    entries: tuple[Entry, ...]
    tvdb_id: int | None = None
    tmdb_id: int | None = None
    imdb_id: str = ""


def heads() -> list[Head]:
    """Every series that could be offered; two queries."""
    rows = Series.objects.live().exclude(provider="").exclude(slug="").order_by("id")
    values = rows.values_list("id", "provider", "slug", "name", "alternative_titles", "tvdb_id", "tmdb_id", "imdb_id")
    found, there = [], set()
    for pk, provider, slug, name, others, tvdb_id, tmdb_id, imdb_id in values:
        there.add((provider, slug))
        found.append(Head(pk, False, _names(name, others), tvdb_id, tmdb_id, imdb_id))
    known = KnownSeries.objects.order_by("id").values_list("id", "provider", "slug", "name", "alternative_titles",
                                                           "imdb_id")  # fmt: skip
    for pk, provider, slug, name, others, imdb_id in known:
        if (provider, slug) not in there:
            found.append(Head(pk, True, _names(name, others), imdb_id=imdb_id))
    return found


def matches(query: Query, among: Sequence[Head]) -> list[Match]:
    """The series meant: by their numbers, else by a title word for word, else by the words in it."""
    if query.has_ids:
        absolute = next((number for title, number in query.titles() if not title), None)
        by_ids = [
            Match(head, head.names[0], absolute or _behind(head, query)) for head in among if _has_id(head, query)
        ]
        if by_ids:
            return by_ids
    for title, absolute in query.titles():
        exact = [Match(head, name, absolute) for head in among if title and (name := _named(head, title))]
        if exact:
            return exact
    for title, absolute in query.titles():
        words = set(title.split())
        vague = [Match(head, head.names[0], absolute) for head in among if words and _holds(head, words)]
        if vague:
            return vague[:MOST_SERIES]
    return []


def is_exact(match: Match, query: Query) -> bool:
    """Whether the query names this very series, so that nobody else has to be asked for it."""
    return (query.has_ids and _has_id(match.head, query)) or any(
        compared(match.name) == title for title, _absolute in query.titles()
    )


def listings(found: Sequence[Match]) -> list[Listing]:
    """What can be had of each, in the same order; a constant number of queries."""
    ours = Series.objects.in_bulk([match.head.row for match in found if not match.head.is_known])
    known = KnownSeries.objects.in_bulk([match.head.row for match in found if match.head.is_known])
    entries = _entries_of(ours)
    made = []
    for match in found:
        name = match.name
        if match.head.is_known and (row := known.get(match.head.row)):
            made.append(_of_known(row, name))
        elif not match.head.is_known and (series := ours.get(match.head.row)):
            made.append(of_library(series, entries[series.pk], name))
        else:
            # It was removed this very moment.
            made.append(Listing("", "", name, (), ()))
    return made


def of_library(series: Series, entries: Iterable[Entry], name: str = "") -> Listing:
    """A series of the library, offered under one of its names."""
    return Listing(
        series.provider,
        series.slug,
        name or series.name,
        series.wanted_languages(),
        tuple(entries),
        series.tvdb_id,
        series.tmdb_id,
        series.imdb_id,
    )


def entry_of(episode: Episode, files: Iterable[tuple[str, int, str]] = ()) -> Entry:
    """An episode of the library; `files` has language, size and quality of what is on disk."""
    spoken = tuple(language for language in Language if language.value in episode.languages)
    return Entry(
        episode.season,
        episode.number,
        episode.number_in_names,
        spoken,
        _published(episode),
        episode.runtime_seconds,
        {_LANGUAGES[name]: (size, quality) for name, size, quality in files if name in _LANGUAGES},
    )


def default_plan() -> tuple[Language, ...]:
    """The languages of a series that is not in the library."""
    plan = store.current().downloads.language_plan
    order = plan.order if plan.fallback else plan.order[:1]
    return tuple(_LANGUAGES[name] for name in order)


def _entries_of(several: dict[int, Series]) -> dict[int, list[Entry]]:
    files = defaultdict[int, list[tuple[str, int, str]]](list)
    rows = EpisodeFile.objects.filter(episode__series__in=list(several)).values_list(
        "episode_id", "language", "size", "quality"
    )
    for pk, language, size, quality in rows:
        files[pk].append((language, size, quality))
    found = defaultdict[int, list[Entry]](list)
    for episode in Episode.objects.filter(series__in=list(several)).order_by("season", "number"):
        found[episode.series_id].append(entry_of(episode, files[episode.pk]))
    return found


def _of_known(row: KnownSeries, name: str) -> Listing:
    entries = []
    for season, number, _title, languages in row.episodes:
        spoken = tuple(language for language in Language if language.value in languages)
        entries.append(Entry(season, number, number, spoken, row.created_at))
    return Listing(row.provider, row.slug, name, default_plan(), tuple(entries), imdb_id=row.imdb_id)


def _published(episode: Episode) -> datetime:
    """When it was on air, else when it was first seen here."""
    if episode.aired_on and episode.aired_on <= timezone.localdate():
        return datetime.combine(episode.aired_on, time(), UTC)
    return episode.created_at


def _names(name: str, others: object) -> tuple[str, ...]:
    texts = [text for text in others if isinstance(text, str)] if isinstance(others, list) else []
    return (name, *texts)


def _has_id(head: Head, query: Query) -> bool:
    return any(
        wanted and wanted == has
        for wanted, has in (
            (query.tvdb_id, head.tvdb_id),
            (query.tmdb_id, head.tmdb_id),
            (query.imdb_id, head.imdb_id),
        )
    )


def _behind(head: Head, query: Query) -> int | None:
    """The number behind the title of a series that was found by its ids."""
    readings = query.titles()
    if any(title and _named(head, title) for title, absolute in readings if absolute is None):
        return None
    return next((absolute for _title, absolute in readings if absolute is not None), None)


def _named(head: Head, title: str) -> str:
    """The name of the series that is this title; "" when it has none such."""
    return next((name for name in head.names if compared(name) == title), "")


def _holds(head: Head, words: set[str]) -> bool:
    return any(words <= set(compared(name).split()) for name in head.names)
