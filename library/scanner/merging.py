"""Joins a series that a scan made of a folder with the one that it really is, and that the library has already."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction

from aniworld.live import publish as live
from library.models import Episode, EpisodeFile, Favorite, Series
from library.scanner import applying
from library.scanner.shelf import films_of

_BATCH = 200
Place = tuple[int, int]


def merge(adopted: Series, other: Series) -> int:
    """Gives the files of an adopted series to `other` and forgets the adopted one; answers how many files.

    They stay where they lie, and go on belonging to `other` there; renaming its files offers to move them.
    """
    with transaction.atomic():
        count = _hand_over(adopted, other)
        known = Favorite.objects.filter(series=other).values("user")
        Favorite.objects.filter(series=adopted).exclude(user__in=known).update(series=other)
        live.publish("series_removed", {"key": adopted.key, "name": adopted.name})
        adopted.delete()
        applying.settle([other.pk])
        other.tell_of_files("merge", adopted.folder, other.folder)
    return count


def _hand_over(adopted: Series, other: Series) -> int:
    films = films_of([other.pk]).get(other.pk, {})
    files = list(EpisodeFile.objects.filter(episode__series=adopted).select_related("episode"))
    places = {file.pk: _places(file, films) for file in files}
    known = _with_episodes(other, {place for several in places.values() for place in several})
    for file in files:
        file.episode_id = known[places[file.pk][0]]
    EpisodeFile.objects.bulk_update(files, ["episode"], batch_size=_BATCH)
    return len(files)


def _places(file: EpisodeFile, films: Mapping[int, int]) -> list[Place]:
    """Season and number of each episode that the file holds, as the other series counts them."""
    season, number = file.episode.season, file.episode.number
    if season == 0 and file.last_number is None:
        number = films.get(number, number)
    return [(season, one) for one in range(number, (file.last_number or number) + 1)]


def _with_episodes(series: Series, wanted: Collection[Place]) -> dict[Place, int]:
    """The rows of its episodes by their places, made where there were none."""
    missing = sorted(set(wanted) - _known(series).keys())
    rows = [Episode(series=series, season=season, number=number) for season, number in missing]
    Episode.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    return _known(series)


def _known(series: Series) -> dict[Place, int]:
    rows = Episode.objects.filter(series=series).order_by()
    return {(season, number): pk for pk, season, number in rows.values_list("pk", "season", "number")}
