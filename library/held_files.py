"""Which files hold an episode: its own, and those of an earlier one that go on with it (S01E01-E02)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from django.db.models import F

from library.models import Episode, EpisodeFile

# An episode's row id and its series', season and number.
Place = tuple[int, int, int, int]


def files_of(episodes: Iterable[Episode]) -> dict[int, list[EpisodeFile]]:
    """The files of some episodes, by their row ids; one query."""
    places = [(episode.pk, episode.series_id, episode.season, episode.number) for episode in episodes]
    return _shared_out(places, {series_id for _pk, series_id, _season, _number in places})


def attached(episodes: Iterable[Episode]) -> list[Episode]:
    """The episodes with their files as `held`; one query more."""
    several = list(episodes)
    found = files_of(several)
    for episode in several:
        episode.held = found.get(episode.pk, [])
    return several


def languages_at(places: Iterable[Place]) -> dict[int, set[str]]:
    """The languages in which episodes are on disk, by their row ids; one query, which reads no more than that."""
    at = _by_place(places)
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = EpisodeFile.objects.filter(episode__series__in={series for series, _season, _number in at}).order_by()
    names = ("episode__series", "episode__season", "episode__number", "last_number", "language")
    for series, season, first, last, language in rows.values_list(*names):
        for pk in _held_by(at, series, season, first, last):
            found[pk].add(language)
    return dict(found)


def _shared_out(places: Iterable[Place], series_ids: Iterable[int]) -> dict[int, list[EpisodeFile]]:
    at = _by_place(places)
    found: defaultdict[int, list[EpisodeFile]] = defaultdict(list)
    rows = EpisodeFile.objects.filter(episode__series__in=list(series_ids)).order_by("path")
    # Nobody needs the first episodes themselves, which would take longer to read than the files.
    placed = rows.annotate(of=F("episode__series"), season=F("episode__season"), first=F("episode__number"))
    for file in placed:
        for pk in _held_by(at, file.of, file.season, file.first, file.last_number):
            found[pk].append(file)
    return dict(found)


def _by_place(places: Iterable[Place]) -> dict[tuple[int, int, int], int]:
    return {(series, season, number): pk for pk, series, season, number in places}


def _held_by(
    at: Mapping[tuple[int, int, int], int], series: int, season: int, first: int, last: int | None
) -> Iterator[int]:
    """Those of the episodes `at` their places that a file from `first` to `last` holds."""
    for number in range(first, (last or first) + 1):
        if pk := at.get((series, season, number)):
            yield pk
