"""Works out what each change means for the series, and has it written."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from library.models import EpisodeFile, Finding, Found, Scan, Series
from library.scanner import applying
from library.scanner.comparing import Changes
from library.scanner.judging import sorted_out
from library.scanner.reporting import Report
from library.scanner.shelf import Owner, Shelf, films_of, owner_by_files, seasons_of, titles_of
from library.scanner.understanding import Placed, place
from library.scanner.walking import Video, walk

_SERIES_AT_ONCE = 100
# Changed series that are told of one by one; the end of the scan makes everybody look anyway.
_MOST_TOLD = 50


class Settlement:
    """Brings changes of known series into the database."""

    def __init__(self, scan: Scan, root: Path, shelf: Shelf, report: Report, look: Callable[[], None]) -> None:
        self._scan, self._root, self._shelf, self._report, self._look = scan, root, shelf, report, look
        self._touched: set[int] = set()

    def write(self, changes: Changes) -> set[str]:
        """All of them. Answers the folders that a series followed after they were renamed by hand."""
        self._change(changes)
        followed = self._follow(changes)
        self._move(changes)
        self._forget(changes)
        self._add(changes)
        self._report.unlisted(self._touched)
        self._tell()
        return followed

    def _change(self, changes: Changes) -> None:
        """What is no video any more, such as a copy that broke off at once, is not on disk any more."""
        _good, refused = sorted_out(self._root, (video for _row, video in changes.changed))
        broken = dict(refused)
        rows = [row for row, video in changes.changed if video in broken]
        changes.changed = [pair for pair in changes.changed if pair[1] not in broken]
        owners = self._owners(broken)
        by_series: defaultdict[int, list[tuple[Video, str]]] = defaultdict(list)
        for video, reason in refused:
            if series_id := owners.get(_top(video)):
                by_series[series_id].append((video, reason))
            else:
                self._report.no_videos([(video, reason)], None)
        applying.change_files(self._scan, changes.changed)
        self._touched |= applying.forget_files(self._scan, rows)
        self._miss(by_series, _Places(by_series))

    def _follow(self, changes: Changes) -> set[str]:
        """A folder that is gone and whose files all lie in one that is nobody's was renamed: its series follows."""
        targets: defaultdict[str, set[str]] = defaultdict(set)
        sources: defaultdict[str, set[str]] = defaultdict(set)
        for row, video in changes.moved:
            targets[_top(row)].add(_top(video))
            sources[_top(video)].add(_top(row))
        followed: set[str] = set()
        for old, new in targets.items():
            owner, folder = self._shelf.owner(old), next(iter(new))
            if owner is None or len(new) > 1 or len(sources[folder]) > 1 or not self._is_gone(old):
                continue
            if self._shelf.owner(folder) in (None, owner) and owner.folder != folder:
                self._rename(owner, folder, changes)
                followed.add(folder)
        return followed

    def _rename(self, owner: Owner, folder: str, changes: Changes) -> None:
        applying.follow_folder(self._scan, Series.objects.get(pk=owner.id), folder)
        self._shelf.follow(owner, folder)
        known = {video.path for _row, video in changes.moved} | {video.path for video in changes.new}
        changes.new += [video for video in walk(self._root, folder, self._look).videos if video.path not in known]

    def _move(self, changes: Changes) -> None:
        """Within a series or to another one. What moved to a folder of nobody's is gone here, and adopted there."""
        owners = self._owners(video for _row, video in changes.moved)
        before = _series_of([row.path for row, _video in changes.moved])
        places = _Places(owners.values())
        moves, kept = [], []
        for row, video in changes.moved:
            series_id = owners.get(_top(video))
            placed = places.of(video, series_id) if series_id else None
            if series_id is None or (placed is None and before.get(row.path) != series_id):
                changes.vanished.append(row)
                changes.new += [video] if series_id else []
                continue
            kept.append((row, video))
            moves.append(applying.Move(row, video, series_id, placed))
        changes.moved = kept
        self._touched |= applying.move_files(self._scan, moves)

    def _forget(self, changes: Changes) -> None:
        changes.vanished = [row for row in changes.vanished if self._is_gone(row.path)]
        self._touched |= applying.forget_files(self._scan, changes.vanished)
        for folder in {_top(row) for row in changes.vanished}:
            owner = self._shelf.owner(folder)
            if owner and owner.folder == folder and self._is_gone(folder):
                text = _("Its folder is gone. Its files are missing now.")
                self._report.add(Found(Finding.Kind.VANISHED_SERIES, folder, text, owner.id))

    def _add(self, changes: Changes) -> None:
        changes.new = self._report.storable_videos(changes.new)
        owners = self._owners(changes.new)
        by_series: defaultdict[int, list[Video]] = defaultdict(list)
        for video in changes.new:
            # Gone again since it was seen: a download that was renamed, or removed.
            if (series_id := owners.get(_top(video))) and not self._is_gone(video.path):
                by_series[series_id].append(video)
        ids = list(by_series)
        for start in range(0, len(ids), _SERIES_AT_ONCE):
            some = ids[start : start + _SERIES_AT_ONCE]
            self._look()
            self._add_some({id_: by_series[id_] for id_ in some})
        self._touched |= set(ids)

    def _add_some(self, videos: dict[int, list[Video]]) -> None:
        places = _Places(videos)
        placed: dict[int, list[Placed]] = {}
        bad: dict[int, list[tuple[Video, str]]] = {}
        for series_id, all_of_it in videos.items():
            several, bad[series_id] = sorted_out(self._root, all_of_it)
            self._report.left_out += len(bad[series_id])
            found = [(video, places.of(video, series_id)) for video in several]
            placed[series_id] = [one for _video, one in found if one]
            others = [video for video, one in found if one is None]
            self._report.left_out += len(others)
            self._report.not_understood(others, series_id)
        applying.add_files(self._scan, {id_: several for id_, several in placed.items() if several})
        self._miss({id_: refused for id_, refused in bad.items() if refused}, places)

    def _miss(self, bad: Mapping[int, Sequence[tuple[Video, str]]], places: _Places) -> None:
        """Tells of files that are no videos, and has the episodes that they should be known as missing."""
        if not bad:
            return
        listed = set(Series.objects.filter(pk__in=list(bad)).exclude(provider="").values_list("pk", flat=True))
        missed: dict[int, list[Placed]] = {}
        for id_, refused in bad.items():
            self._report.no_videos(refused, id_, has_catalogue=id_ in listed)
            missed[id_] = [found for video, _why in refused if (found := places.of(video, id_))]
        applying.miss_files(self._scan, missed)

    def _owners(self, videos: Iterable[Video]) -> dict[str, int]:
        """The series of each folder; one that is no series' folder any more belongs to the files known in it."""
        found: dict[str, int] = {}
        for folder in {_top(video) for video in videos}:
            owner = self._shelf.owner(folder)
            series_id = owner.id if owner else owner_by_files(folder)
            if series_id:
                found[folder] = series_id
        return found

    def _is_gone(self, path: str) -> bool:
        """Looked at once more: only what the file system clearly denies is gone."""
        try:
            os.lstat(f"{self._root}/{path}")
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    def _tell(self) -> None:
        if 0 < len(self._touched) <= _MOST_TOLD:
            for series in Series.objects.filter(pk__in=self._touched):
                series.tell_of_files("scan")


class _Places:
    """Where videos belong in some series, with what has to be known of these for it."""

    def __init__(self, ids: Iterable[int]) -> None:
        some = set(ids)
        self._titles, self._seasons, self._films = titles_of(some), seasons_of(some), films_of(some)

    def of(self, video: Video, series_id: int) -> Placed | None:
        """As `understanding.place`. A film is known by the number of its special, and else by the catalogue's."""
        placed = place(video, _top(video), self._titles.get(series_id, ()), self._seasons.get(series_id, {}))
        if placed is None or placed.season > 0 or placed.last > placed.number:
            return placed
        number = self._films.get(series_id, {}).get(placed.number, placed.number)
        return placed._replace(number=number, last=number)


def _series_of(paths: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(paths), 500):
        rows = EpisodeFile.objects.filter(path__in=paths[start : start + 500])
        found |= dict(rows.values_list("path", "episode__series_id"))
    return found


def _top(video: Video) -> str:
    return video.path.partition("/")[0]
