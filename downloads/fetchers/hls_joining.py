"""Has the segments of a stream joined into its MP4 while they arrive; a thread of its own follows that.

Until the end both the segments and the MP4 are on disk, so that a kill costs no finished segment. Where there is no
room for both, above the floor and beside what other downloads have reserved, the MP4 waits until the last segment is
there, and each segment is removed as soon as it was read: then the reservation of one copy, which the disk plan holds
for the item, is enough. A kill in those last seconds costs the segments that were removed.

Segments that can't be joined are of no use to any later try, which would only be refused them again: all are removed,
since nobody can say which of them it is, and the next try fetches them anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db import Error as AnyDatabaseError
from django.db import connection

from downloads import diskplan
from downloads.control import went_without
from downloads.fetchers.base import Job
from downloads.fetchers.hls_segments import Abandoned, Gathering
from downloads.fetchers.hls_tracks import SEGMENTS, Track
from downloads.fetchers.joiner import Joiner, JoinerDied
from downloads.fetchers.playlist import Segment
from downloads.media import remux
from downloads.workfolder import discard
from library.files import is_disk_full
from providers.exceptions import WrongContent

logger = logging.getLogger(__name__)

# Bytes a second
SLOWEST_DISK = 5_000_000
# Seconds between looks at the free space.
LOOK_EVERY = 2.0
# How much more room than it should need is kept for the index where the file can't be written a second time.
CERTAIN = 4.0
# Bytes that the index may take for each second, and that must be left beside all that is known.
INDEX_A_SECOND, SLACK = 2000, 1024 * 1024


class _NoRoom(Exception):
    """The disk does not hold the segments and the MP4 at once."""


class Joining:
    """From `start` on it follows the gathering; either `finish` or `abandon` ends it."""

    def __init__(self, job: Job, gathering: Gathering, whole: Path, language: str, process: Joiner) -> None:
        self._job = job
        self._process = process
        self._gathering = gathering
        self._whole = whole
        self._language = language
        self._unfinished = whole.with_suffix(".unfinished")
        self._thread = threading.Thread(target=self._run, name="joining")
        self._error: BaseException | None = None
        self._is_done = self._is_index_large = False
        self._looked_at = 0.0
        self._reserved = 0
        self._read = 0

    def start(self) -> None:
        """Begins with the first segment."""
        # A new file: a predecessor that still writes into its own must not reach this one.
        self._unfinished.unlink(missing_ok=True)
        self._thread.start()

    def abandon(self) -> None:
        """The segments will not all come: nothing of the MP4 is left. The gathering has failed before."""
        self._thread.join()
        self._unfinished.unlink(missing_ok=True)
        if isinstance(self._error, WrongContent):
            discard(self._job.folder / SEGMENTS)

    def finish(self) -> None:
        """The whole file, under its name. Raises what the joining raised, and what ended the work meanwhile."""
        end = self._process.end
        # Once more: with the transfer, what it waited for was forgotten.
        self._job.control.on_interrupt(end)
        self._thread.join()
        self._job.control.forget(end)
        try:
            if self._error:
                raise self._error
            if not self._is_done:
                self._job.control.check()
                self._again()
            self._unfinished.rename(self._whole)
        except WrongContent:
            discard(self._job.folder / SEGMENTS)
            raise
        finally:
            self._unfinished.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            self._write(self._process, remux.SPARE, keep=True)
            self._is_done = True
        except (Abandoned, _NoRoom, remux.IndexTooLarge, JoinerDied) as error:
            # It is done anew when all segments are there.
            self._is_index_large = isinstance(error, remux.IndexTooLarge)
        except BaseException as error:
            if not (isinstance(error, OSError) and is_disk_full(error)):
                self._error = error
                self._gathering.fail(error)
        finally:
            self._gathering.unfollow()
            if not self._is_done:
                self._unfinished.unlink(missing_ok=True)
            # The thread asked how much room others need, and nobody tidies up after it.
            connection.close()

    def _again(self) -> None:
        """All segments are there, and the first try at joining them came to nothing."""
        job, self._read, self._looked_at = self._job, 0, 0.0
        if self._has_room():
            # The whole file may be moved behind its index: it takes long, and is sure.
            with Joiner() as process:
                self._write(process, 0 if self._is_index_large else CERTAIN, keep=True)
            return
        reserved = diskplan.reserved_for_others(job.control.item)
        diskplan.require(job.work_root, self._gathering.progress.largest + self._index(CERTAIN), reserved=reserved)
        logger.info("There is no room for the segments and the file at once: they are removed as they are joined")
        with Joiner() as process:
            self._write(process, CERTAIN, keep=False)

    def _write(self, process: Joiner, spare: float, *, keep: bool) -> None:
        gathering = self._gathering
        tracks = gathering.tracks
        seconds = tracks[0].playlist.duration
        aim = remux.Aim(self._unfinished, seconds, self._job.audio, self._language, spare)
        groups = [[self._paths(track, group, keep=keep) for group in track.groups()] for track in tracks]

        def alive() -> None:
            self._job.control.alive(60 if spare else 60 + self._read / SLOWEST_DISK)

        self._job.control.on_interrupt(process.end)
        try:
            process.to_mp4(aim, groups, alive)
        except remux.IndexTooLarge as error:
            if spare == CERTAIN:
                raise WrongContent("The stream holds far more packets than its playlist allows.") from error
            raise
        except JoinerDied as error:
            self._job.control.check()
            if process is not self._process:
                # The second one as well: it is what they read.
                raise WrongContent("The segments crash what joins them.") from error
            raise
        finally:
            self._job.control.forget(process.end)
            process.end()

    def _paths(self, track: Track, segments: Sequence[Segment], *, keep: bool) -> Iterator[Path]:
        """The files of one group as they get ready."""
        for segment in segments:
            path = self._gathering.wait_for(track, segment)
            if keep and not self._has_room():
                raise _NoRoom
            if segment is segments[0] and segment.init:
                yield track.inits[segment.group]
            yield path
            self._read += path.stat().st_size
            if not keep:
                path.unlink()

    def _has_room(self) -> bool:
        """Whether the rest of the segments and of the MP4 fit beside what others have reserved; asked now and then."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY:
            return True
        self._looked_at = now
        gathering, job = self._gathering, self._job
        expected = gathering.progress.expected
        needed = max(0, expected - gathering.progress.transfer.done) + max(0, expected - self._read)
        needed += self._index(remux.SPARE)
        return diskplan.free(job.work_root) - self._reserved_for_others() >= needed

    def _reserved_for_others(self) -> int:
        """Bytes; as known last while the database is away."""
        try:
            self._reserved = diskplan.reserved_for_others(self._job.control.item)
        except AnyDatabaseError as error:
            went_without(error)
        return self._reserved

    def _index(self, spare: float) -> int:
        return round(self._gathering.tracks[0].playlist.duration * INDEX_A_SECOND * spare) + SLACK
