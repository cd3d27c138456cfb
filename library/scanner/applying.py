"""Writes down what a scan found, a few series in each short transaction that proves the lease."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from library.models import Episode, EpisodeFile, Scan, Series
from library.scanner import bulk
from library.scanner.understanding import Placed
from library.scanner.walking import Video

_SERIES_AT_ONCE = 100
_PATHS_AT_ONCE = 500
_FILE = ("episode_id", "language", "path", "size", "mtime", "quality", "last_number")
_EPISODE = ("series_id", "season", "number", "is_downloaded", "download_date")


class Move(NamedTuple):
    """A file's row as it was, the file as it is now, its series, and where in it the new name says that it belongs."""

    row: Video
    video: Video
    series_id: int
    placed: Placed | None


def add_files(scan: Scan, placed: Mapping[int, Sequence[Placed]]) -> None:
    """Files that were not known, by their series. Episodes that were not known either come with them."""
    waiting = iter(placed.items())
    while some := dict(islice(waiting, _SERIES_AT_ONCE)):
        with transaction.atomic():
            scan.hold()
            write_files(some)
            settle(some)


def write_files(placed: Mapping[int, Sequence[Placed]]) -> None:
    """Episodes and files of some series, within the caller's transaction."""
    ids = list(placed)
    known = episode_ids(ids)
    wanted = {
        (series_id, one.season, number)
        for series_id, several in placed.items()
        for one in several
        for number in range(one.number, one.last + 1)
    } - known.keys()
    if wanted:
        now = bulk.prepared(Episode, "download_date")(timezone.now())
        bulk.insert(Episode, _EPISODE, ((*place, True, now) for place in sorted(wanted)))
        known = episode_ids(ids)
    rows = (
        (
            known[series_id, one.season, one.number],
            *(one.language, *one.video, one.quality, one.last if one.last > one.number else None),
        )
        for series_id, several in placed.items()
        for one in several
    )
    bulk.insert(EpisodeFile, _FILE, rows)


def miss_files(scan: Scan, missed: Mapping[int, Sequence[Placed]]) -> None:
    """Files that are no videos, by their series: of one without a catalogue nothing else tells of these episodes."""
    with transaction.atomic():
        scan.hold()
        ids = Series.objects.filter(pk__in=list(missed), provider="").values_list("pk", flat=True)
        write_missed({id_: missed[id_] for id_ in ids})


def write_missed(missed: Mapping[int, Sequence[Placed]]) -> None:
    """Episodes without a file, where they were not known, within the caller's transaction."""
    rows = [(id_, *where) for id_, several in missed.items() for where in sorted(places_of(several))]
    if rows:
        bulk.insert(Episode, _EPISODE[:3], rows)


def places_of(several: Iterable[Placed]) -> set[tuple[int, int]]:
    """Season and number of every episode in these files."""
    return {(one.season, number) for one in several for number in range(one.number, one.last + 1)}


def episode_ids(series_ids: Collection[int]) -> dict[tuple[int, int, int], int]:
    """The row of each episode by series, season and number."""
    rows = Episode.objects.filter(series_id__in=series_ids).order_by()
    return {(series, season, number): id_ for id_, series, season, number in rows.values_list(
        "id", "series_id", "season", "number")}  # fmt: skip


def change_files(scan: Scan, pairs: Sequence[tuple[Video, Video]]) -> None:
    """Files that have another size or time than their rows; how long they take is not known any more."""
    name = connection.ops.quote_name
    sql = (
        f"UPDATE {name(EpisodeFile._meta.db_table)} SET size = %s, mtime = %s, duration_seconds = NULL, updated_at = %s"  # noqa: S608 - names of our own
        " WHERE path = %s AND size = %s"
    )
    now = bulk.prepared(EpisodeFile, "updated_at")(timezone.now())
    for start in range(0, len(pairs), _PATHS_AT_ONCE):
        some = pairs[start : start + _PATHS_AT_ONCE]
        with transaction.atomic():
            scan.hold()
            bulk.change(sql, [(video.size, video.mtime, now, row.path, row.size) for row, video in some])


def forget_files(scan: Scan, rows: Sequence[Video]) -> set[int]:
    """Files that are not there any more. Answers the series that they were of."""
    touched: set[int] = set()
    for start in range(0, len(rows), _PATHS_AT_ONCE):
        gone = {row.path: row for row in rows[start : start + _PATHS_AT_ONCE]}
        with transaction.atomic():
            scan.hold()
            found = EpisodeFile.objects.filter(path__in=gone).values_list("id", "path", "size", "episode__series_id")
            # One that arrived under the same name meanwhile is another file.
            doomed = {id_: series for id_, path, size, series in found if size == gone[path].size}
            EpisodeFile.objects.filter(pk__in=doomed).delete()
            touched |= set(doomed.values())
            settle(set(doomed.values()))
    return touched


def move_files(scan: Scan, moves: Sequence[Move]) -> set[int]:
    """Files under new paths. Answers the series touched.

    What has a row under its new path already is left to the next scan.
    """
    touched: set[int] = set()
    for start in range(0, len(moves), _PATHS_AT_ONCE):
        with transaction.atomic():
            scan.hold()
            affected = _move(moves[start : start + _PATHS_AT_ONCE])
            settle(affected)
        touched |= affected
    return touched


def _move(moves: Sequence[Move]) -> set[int]:
    rows = {file.path: file for file in _files([move.row.path for move in moves])}
    taken = {file.path for file in _files([move.video.path for move in moves])}
    known = _with_episodes(moves)
    affected: set[int] = set()
    for move in moves:
        file = rows.get(move.row.path)
        if file is None or move.video.path in taken:
            continue
        affected |= {file.episode.series_id, move.series_id}
        values = {"path": move.video.path, **_new_place(move, file, known)}
        EpisodeFile.objects.filter(pk=file.pk, path=move.row.path).update(**values)
    return affected


def _new_place(move: Move, file: EpisodeFile, known: Mapping[tuple[int, int, int], int]) -> dict[str, Any]:
    """What the new name tells; what it does not tell stays."""
    placed = move.placed
    if placed is None:
        return {}
    return {
        "episode_id": known[move.series_id, placed.season, placed.number],
        "language": placed.language or file.language,
        "quality": placed.quality or file.quality,
        "last_number": placed.last if placed.last > placed.number else None,
    }


def _files(paths: Sequence[str]) -> Iterable[EpisodeFile]:
    return EpisodeFile.objects.filter(path__in=paths).select_related("episode")


def _with_episodes(moves: Sequence[Move]) -> dict[tuple[int, int, int], int]:
    """The rows of the episodes, made where there were none."""
    ids = {move.series_id for move in moves}
    known = episode_ids(ids)
    wanted = {
        (move.series_id, move.placed.season, number)
        for move in moves
        if move.placed
        for number in range(move.placed.number, move.placed.last + 1)
    } - known.keys()
    if not wanted:
        return known
    bulk.insert(Episode, _EPISODE[:3], sorted(wanted))
    return episode_ids(ids)


def settle(series_ids: Iterable[int]) -> None:
    """Makes the episodes of some series tell whether they have a file now, and forgets those that nobody lists."""
    ids = list(series_ids)
    for start in range(0, len(ids), _SERIES_AT_ONCE):
        some = ids[start : start + _SERIES_AT_ONCE]
        rows = Episode.objects.filter(series_id__in=some).order_by()
        held = _held(some)
        states = list(rows.values_list("id", "series_id", "season", "number", "is_downloaded"))
        came = [id_ for id_, *place, there in states if not there and tuple(place) in held]
        went = [id_ for id_, *place, there in states if there and tuple(place) not in held]
        _mark(came, is_downloaded=True)
        _mark(went, is_downloaded=False)
        if went:
            _drop_unlisted(went)


def _held(series_ids: Sequence[int]) -> set[tuple[int, int, int]]:
    files = EpisodeFile.objects.filter(episode__series_id__in=series_ids).order_by()
    held: set[tuple[int, int, int]] = set()
    for series_id, season, number, last in files.values_list(
        "episode__series_id", "episode__season", "episode__number", "last_number"
    ):
        held.update((series_id, season, one) for one in range(number, (last or number) + 1))
    return held


def _mark(ids: Sequence[int], *, is_downloaded: bool) -> None:
    now = timezone.now() if is_downloaded else None
    for start in range(0, len(ids), _PATHS_AT_ONCE):
        rows = Episode.objects.filter(pk__in=ids[start : start + _PATHS_AT_ONCE])
        # What was said of another language of a file that is gone says nothing of its being missing.
        alone = {} if is_downloaded else {"left_alone": Episode.LeftAlone.NO}
        rows.update(is_downloaded=is_downloaded, download_date=now, **alone)


def _drop_unlisted(ids: Sequence[int]) -> None:
    """An episode that only its file told of goes with it, unless something else of the product refers to it."""
    unused = Q()
    for relation in Episode._meta.related_objects:
        unused &= Q(**{f"{relation.get_accessor_name() or relation.name}__isnull": True})
    for start in range(0, len(ids), _PATHS_AT_ONCE):
        some = Episode.objects.filter(pk__in=ids[start : start + _PATHS_AT_ONCE], link="", languages={})
        some = some.filter(tmdb_id=None, special_choice=None)
        Episode.objects.filter(pk__in=list(some.filter(unused).values_list("pk", flat=True))).delete()


def follow_folder(scan: Scan, series: Series, folder: str) -> None:
    """The folder of a series was renamed by hand."""
    with transaction.atomic():
        scan.hold()
        series.describe({"folder": folder, "folder_provisional": False})
