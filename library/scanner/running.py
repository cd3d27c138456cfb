"""One run through the library: what is known is compared with what is there, then what is unknown is taken in."""

from __future__ import annotations

import gc
import time
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from django.utils.translation import gettext as _

from library.models import Finding, Found, Scan
from library.root import LibraryUnavailable, filled_root, library_root
from library.scanner import bulk
from library.scanner.adopting import Adopter, Adoption
from library.scanner.comparing import Changes, Row, compare, match_moves
from library.scanner.judging import sorted_out
from library.scanner.posters import note_posters
from library.scanner.reporting import Report, storable
from library.scanner.settling import Settlement
from library.scanner.sharing import BATCH, Sharing
from library.scanner.shelf import Shelf
from library.scanner.understanding import holds_several_series, place
from library.scanner.walking import Video, Walked, top_level, walk

# Seconds between two looks at whether the scan is still wanted and ours.
_HOLD_EVERY = 2.0
_TELL_EVERY = 0.25


class Run:
    """A scan at work. `statistics` tell what it has done so far."""

    def __init__(self, scan: Scan) -> None:
        self.statistics: dict[str, int] = dict.fromkeys(
            ("folders", "files", "new", "changed", "moved", "vanished", "adopted", "followed"), 0
        )
        self._scan = scan
        self._report = Report(scan)
        self._changes = Changes()
        self._there: set[str] = set()
        self._current, self._total, self._folder = 0, 0, ""
        self._hold_at = self._tell_at = 0.0

    def run(self) -> None:
        """Does all of it. Raises `LibraryUnavailable`, `ScanLost`, `ScanCancelled`, `OSError` and database errors."""
        # Among many small new objects, what the process held before is looked through for garbage again and again. In a
        # fork that is held still already, and to let go of it would copy what it shares with its parent.
        is_fork = gc.get_freeze_count() > 0
        if not is_fork:
            gc.freeze()
        try:
            self._run()
        finally:
            if not is_fork:
                gc.unfreeze()

    def _run(self) -> None:
        root = library_root()
        folders = self._folders(root)
        shelf = Shelf()
        unknown = self._compare_known(root, folders, shelf)
        settlement = Settlement(self._scan, root, shelf, self._report, self.look)
        if self._changes.vanished:
            # Only now is it worth a look whether what is missing lies in a folder that nobody knows.
            self._seek_moved(root, unknown)
            match_moves(self._changes)
        demand_same(root)
        followed = settlement.write(self._changes)
        self._adopt(root, [folder for folder in unknown if folder not in followed], shelf)
        note_posters(self._scan, root, folders)
        self._count_changes(len(followed))
        if any(self.statistics[name] for name in ("new", "changed", "moved", "vanished")) or self._report.is_due():
            self._report.duplicates()
        self._report.close(folders, self._there, shelf, is_whole=not self._scan.folders)

    def look(self) -> None:
        """To be called often: renews the lease and tells how far it is, when it is time. Raises as `Scan.hold`."""
        now = time.monotonic()
        if now < self._tell_at:
            return
        self._tell_at = now + _TELL_EVERY
        if now >= self._hold_at:
            self._hold_at = now + _HOLD_EVERY
            self._scan.hold()
        self._scan.tell(min(self._current, self._total), self._total, self._folder)

    def _folders(self, root: Path) -> list[str]:
        """What to look at, in the order of the paths' bytes."""
        there, loose = top_level(root)
        if not there and not loose and not self._scan.folders:
            filled_root()
        there, odd = storable(there)
        self._there = set(there)
        self._report.odd_names(odd)
        chosen = set(self._scan.folders)
        if chosen:
            # Also those that are gone: their files are missed, then.
            return sorted(chosen, key=_as_prefix)
        for name in storable(loose)[0]:
            self._report.add(Found(Finding.Kind.NOT_UNDERSTOOD, name, _("It lies in no series' folder.")))
        return sorted(there, key=_as_prefix)

    def _compare_known(self, root: Path, folders: Sequence[str], shelf: Shelf) -> list[str]:
        """Compares folders that have an owner or rows, batch by batch; answers the others that are there."""
        unknown: list[str] = []
        self._total = len(folders)
        walk_here = partial(self._walk, root)
        with Sharing[list[Row]](root, len(folders), walk_here, self._note, self.look) as sharing:
            for rows, walked in sharing.in_order(self._batches(folders, shelf, unknown)):
                self._report.unreadable(walked.unreadable)
                self._changes.join(compare(rows, walked.videos, partial(_is_readable, walked.unreadable)))
        return unknown

    def _batches(
        self, folders: Sequence[str], shelf: Shelf, unknown: list[str]
    ) -> Iterator[tuple[list[Row], list[str]]]:
        """The rows of some folders and those of them to walk, again and again; `unknown` gets the others."""
        if self._scan.folders:
            for folder in folders:
                yield self._batch([folder], (f"{folder}/", f"{folder}0"), shelf, unknown)
            return
        low = ""
        for start in range(0, max(1, len(folders)), BATCH):
            some = folders[start : start + BATCH]
            is_last = start + BATCH >= len(folders)
            # "0" follows "/": everything below the last folder, and what lies between it and the batch before.
            high = None if is_last else f"{some[-1]}0"
            yield self._batch(some, (low, high), shelf, unknown)
            low = high or low

    def _batch(
        self, folders: Sequence[str], between: tuple[str, str | None], shelf: Shelf, unknown: list[str]
    ) -> tuple[list[Row], list[str]]:
        # The rows first: what arrives from now on may look new, but nothing that is there can look gone.
        known = bulk.known_files(*between)
        is_simple = not shelf.has_removed and all(shelf.owner(folder) for folder in folders)
        with_rows = set() if is_simple else {path[: path.find("/")] for path, _size, _mtime in known}
        if removed := {folder for folder in {*folders, *with_rows} if shelf.is_removed(folder)}:
            known = [row for row in known if row[0].partition("/")[0] not in removed]
        wanted: list[str] = []
        for folder in folders:
            if folder not in removed and folder in self._there:
                is_known = folder in with_rows or shelf.owner(folder) is not None
                (wanted if is_known else unknown).append(folder)
        return known, wanted

    def _walk(self, root: Path, folder: str, into: Walked) -> None:
        self._current += 1
        self._folder = folder
        before = len(into.videos)
        walk(root, folder, self.look, into)
        self.statistics["folders"] += 1
        self.statistics["files"] += len(into.videos) - before

    def _note(self, folders: Sequence[str], walked: Walked) -> None:
        """Walked by another process."""
        self._current += len(folders)
        self._folder = folders[-1]
        self.statistics["folders"] += len(folders)
        self.statistics["files"] += len(walked.videos)

    def _seek_moved(self, root: Path, unknown: Sequence[str]) -> None:
        """Adds what lies in unknown folders and could be what vanished; the rest is looked at again when adopted."""
        marks = {(row.size, row.mtime) for row in self._changes.vanished}
        for folder in unknown:
            found = walk(root, folder, self.look)
            self._changes.new += [video for video in found.videos if (video.size, video.mtime) in marks]

    def _adopt(self, root: Path, folders: Sequence[str], shelf: Shelf) -> None:
        adopter = Adopter(self._scan)
        known = {video.path for _row, video in self._changes.moved}
        for folder in folders:
            walked = Walked()
            self._walk(root, folder, walked)
            self._report.unreadable(walked.unreadable)
            adoption = self._understood(root, folder, [video for video in walked.videos if video.path not in known])
            if adoption and shelf.owner(folder) is None:
                adopter.put(adoption)
        adopter.write()
        self.statistics["adopted"] = adopter.count

    def _understood(self, root: Path, folder: str, videos: Sequence[Video]) -> Adoption | None:
        """The folder as a series, or None with a finding that says why not."""
        placed, others = [], []
        videos, refused = sorted_out(root, self._report.storable_videos(videos))
        self._report.no_videos(refused, None)
        missed = [found for video, _why in refused if (found := place(video, folder, (), {}))]
        for video in videos:
            found = place(video, folder, (), {})
            if found:
                placed.append(found)
            else:
                others.append(video)
        if videos and not placed:
            text = _(
                "No file in it tells which episode it is. Name them like “Title - S01E01”, a film like "
                "“Title - S00E01”, or move them into the folder of their series."
            )
            self._report.add(Found(Finding.Kind.UNKNOWN_FOLDER, folder, text))
            return None
        if holds_several_series(folder, placed):
            text = _("It seems to hold several series. Move their folders directly into the library folder.")
            self._report.add(Found(Finding.Kind.UNKNOWN_FOLDER, folder, text))
            return None
        self._report.not_understood(others, None)
        self.statistics["new"] += len(placed)
        return Adoption(folder, placed, missed) if placed else None

    def _count_changes(self, followed: int) -> None:
        changes = self._changes
        self.statistics["changed"] = len(changes.changed)
        self.statistics["moved"] = len(changes.moved)
        self.statistics["vanished"] = len(changes.vanished)
        self.statistics["new"] += len(changes.new) - self._report.left_out
        self.statistics["followed"] = followed

    def result(self) -> dict[str, int]:
        """What is kept of it."""
        return {**self.statistics, **self._report.counts()}


def demand_same(root: Path) -> None:
    """Before anything is called gone: the library is still where it was. Raises `LibraryUnavailable`."""
    if library_root() != root:
        raise LibraryUnavailable(_("The library folder was changed while it was scanned. Start the scan again."))


def _as_prefix(folder: str) -> str:
    return f"{folder}/"


def _is_readable(unreadable: Collection[str], path: str) -> bool:
    """Whether a path neither is, nor lies in, one that could not be read."""
    return not any(path == place or path.startswith(f"{place}/") for place in unreadable)
