"""Fetches the segments of a stream in parallel and in order; each is kept on disk as soon as it is whole.

Every worker takes the next segment in order, so that no more than one a connection is ahead of the first that is
missing, whoever joins them finds them in order, and a kill costs at most those that were under way. Where they come
faster than they are joined only a few connections go on: the others would take the processor from the joiner, which
everything waits for at the end.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TypeVar

from django.db import connection

from downloads import diskplan
from downloads.control import LOOK_SECONDS
from downloads.fetchers.base import Job
from downloads.fetchers.hls_flushing import Flushing
from downloads.fetchers.hls_progress import Progress
from downloads.fetchers.hls_receiving import BLOCK, BUFFER, Decrypted, Plain, bring, opened, require_ranges, whole
from downloads.fetchers.hls_tracks import SEGMENTS, Track
from downloads.fetchers.playlist import Init, Piece, Segment
from downloads.interruptions import Interrupted, TransferFailed
from providers.exceptions import Expired, ProviderError, RateLimited, WrongContent
from providers.http import KEY_LIMIT, MediaResponse

SEGMENT_LIMIT = 64 * 1024 * 1024
INIT_LIMIT = 4 * 1024 * 1024
TRIES = 3
# So many segments may wait to be joined before only so many connections go on.
LOOK_AHEAD, FEW = 8, 1
# What an init section begins with when it is not encrypted.
_BOXES = (b"ftyp", b"styp", b"moov", b"free", b"sidx", b"emsg")

T = TypeVar("T")


class Abandoned(Exception):
    """Nobody waits for the segments any more, or one of them will never come."""


@dataclass(frozen=True, slots=True)
class _Task:
    track: Track
    segment: Segment


def _files(tracks: Sequence[Track]) -> Iterator[Path]:
    for track in tracks:
        yield from (*track.inits.values(), *track.finished.values())


class _Once:
    """What several workers need is asked for by the first of them; a failure is asked for again by the next.

    After `TRIES` failures, or one that no further try helps, nobody asks any more: however many workers there are, the
    host gets no more requests for it than for a segment.
    """

    def __init__(self) -> None:
        self._known: dict[str, object] = {}
        self._failures: dict[str, list[ProviderError]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], T]) -> T:
        """What `make` answered for that name. Raises what it raised."""
        with self._lock:
            own = self._locks.setdefault(name, threading.Lock())
            failures = self._failures.setdefault(name, [])
        with own:
            if failures and (len(failures) == TRIES or not _helps_again(failures[-1])):
                raise failures[-1]
            if name not in self._known:
                try:
                    self._known[name] = make()
                except ProviderError as error:
                    failures.append(error)
                    raise
            return self._known[name]  # type: ignore[return-value]  # one name, one kind


def _helps_again(error: ProviderError) -> bool:
    """Whether the same address may bring it in another try at once."""
    return error.retryable and not isinstance(error, RateLimited | Expired)


class Gathering:
    """All segments of all tracks of one stream."""

    def __init__(self, job: Job, tracks: Sequence[Track]) -> None:
        self.job = job
        self.tracks = tracks
        self.progress = Progress(tracks)
        self._flushing = Flushing(job.folder / SEGMENTS, [*_files(tracks)])
        self._keys, self._inits = _Once(), _Once()
        lock = threading.Lock()
        self._change, self._turn = threading.Condition(lock), threading.Condition(lock)
        # How many segments are being fetched, and how many that were fetched just now wait to be joined.
        self._active = self._waiting = 0
        self._is_joiner_busy = False
        # Those that write to the disk, or are about to.
        self._writing: set[int] = set()
        self._error: BaseException | None = None
        self._missing = deque(self._in_order())

    def run(self) -> None:
        """Returns when every segment is on disk. Raises what kept one from it, and what ended the work."""
        job = self.job
        job.control.begin(self.progress.transfer)
        names = [f"segment-{number}" for number in range(min(job.connections, len(self._missing)))]
        workers = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        try:
            for worker in workers:
                worker.start()
        finally:
            for worker in workers:
                self._attend(worker)
        if self._error:
            # What ended the work counts, not how the threads noticed it.
            job.control.check()
            raise self._error
        job.control.report_now()

    def _attend(self, worker: threading.Thread) -> None:
        """Until it has come to its end, or writes nothing any more: one that only waits for an answer is left to it."""
        while worker.is_alive() and not self._is_over_for(worker):
            worker.join(LOOK_SECONDS / 2)
            try:
                self.job.control.check()
            except (Interrupted, TransferFailed) as ended:
                self.fail(ended)

    def _is_over_for(self, worker: threading.Thread) -> bool:
        with self._change:
            return self._error is not None and worker.ident not in self._writing

    @contextmanager
    def _may_write(self) -> Iterator[None]:
        """Raises `Abandoned` when nobody waits any more for what would be written."""
        with self._change:
            if self._error:
                raise Abandoned
            self._writing.add(threading.get_ident())
        try:
            yield
        finally:
            with self._change:
                self._writing.discard(threading.get_ident())

    def wait_for(self, track: Track, segment: Segment) -> Path:
        """The file of a segment, as soon as it is whole. Raises `Abandoned`."""
        with self._change:
            while segment.index not in track.finished and not self._error:
                # However many there are behind it, this one is what everything waits for.
                self._is_joiner_busy = False
                self._turn.notify_all()
                self._change.wait()
            if self._error:
                raise Abandoned
            self._is_joiner_busy = True
            self._waiting -= 1
            if self._waiting <= LOOK_AHEAD:
                self._turn.notify()
            return track.finished[segment.index]

    def unfollow(self) -> None:
        """Nobody joins the segments for now: nobody has to be waited for."""
        with self._turn:
            self._is_joiner_busy = False
            self._turn.notify_all()

    def fail(self, error: BaseException) -> None:
        """The work ends with this error, unless it did with another one; segments under way come to their end."""
        with self._change:
            self._error = self._error or error
            self._missing.clear()
            self._change.notify_all()
            self._turn.notify_all()

    def _in_order(self) -> list[_Task]:
        """What is missing, by when it plays: the joiner wants picture and sound of one moment together."""
        found: list[tuple[float, int, _Task]] = []
        for number, track in enumerate(self.tracks):
            second = 0.0
            for segment in track.playlist.segments:
                if segment.index not in track.finished:
                    found.append((second, number, _Task(track, segment)))
                second += segment.duration
        return [task for _second, _number, task in sorted(found, key=lambda one: one[:2])]

    def _work(self) -> None:
        buffer = memoryview(bytearray(BUFFER))
        try:
            while task := self._next():
                self._fetch(task, buffer)
        except BaseException as error:
            self.fail(error)
        finally:
            # The configuration may have been read in this thread, which nobody tidies up after.
            connection.close()

    def _next(self) -> _Task | None:
        """The next segment in order; None when there is none, or the work has ended."""
        with self._turn:
            while self._missing and self._is_joiner_busy and self._waiting > LOOK_AHEAD and self._active >= FEW:
                self._turn.wait()
            if not self._missing:
                return None
            self._active += 1
            return self._missing.popleft()

    def _fetch(self, task: _Task, buffer: memoryview) -> None:
        job = self.job
        for attempt in range(1, TRIES + 1):
            try:
                job.control.check()
                if self._error:
                    # Nobody waits for it any more, and the host is not to be asked for nothing.
                    raise Abandoned
                size, path = self._fetch_once(task, buffer)
                break
            except ProviderError as error:
                job.control.check()
                if attempt == TRIES or not _helps_again(error):
                    raise
        self.progress.finished(task.segment, size)
        with self._change:
            task.track.finished[task.segment.index] = path
            self._active -= 1
            self._waiting += 1
            self._change.notify_all()
        self._flushing.add(path)

    def _fetch_once(self, task: _Task, buffer: memoryview) -> tuple[int, Path]:
        segment, track = task.segment, task.track
        key = self._key(segment.key_url) if segment.key_url else None
        if segment.init:
            self._fetch_init(track, segment, segment.init)
        diskplan.require(self.job.work_root, max(segment.piece.length or 0, self.progress.largest))
        response = opened(self.job, segment.piece)
        with response, self._may_write():
            if segment.piece.offset:
                require_ranges(response, track.missing())
            return self._write(task, key, response, buffer)

    def _write(self, task: _Task, key: bytes | None, response: MediaResponse, buffer: memoryview) -> tuple[int, Path]:
        segment, track = task.segment, task.track
        temporary = track.folder / f"{segment.index:05d}.{threading.get_ident()}.part"
        received = 0
        try:
            with FileIO(temporary, "w") as file:
                sink = Decrypted(file, key, segment.iv) if key else Plain(file)
                for count in bring(self.job, response, segment.piece, SEGMENT_LIMIT, buffer, sink):
                    received += count
                    self.progress.part(segment, count, response.length)
                sink.finish()
                size = os.fstat(file.fileno()).st_size
            path = track.path(segment, size)
            temporary.rename(path)
        except BaseException:
            # What is of no use is not had; on a full disk every byte counts.
            self.progress.lost(segment, received)
            temporary.unlink(missing_ok=True)
            raise
        return size, path

    def _key(self, url: str) -> bytes:
        def fetch() -> bytes:
            key = whole(self.job, Piece(url), KEY_LIMIT)
            if len(key) != BLOCK:
                raise WrongContent(f"The key of the stream has {len(key)} bytes instead of {BLOCK}.")
            return key

        return self._keys.get(url, fetch)

    def _fetch_init(self, track: Track, segment: Segment, init: Init) -> None:
        """The init section that the segment's group shares, once."""

        def fetch() -> Path:
            return track.inits.get(segment.group) or self._write_init(track, segment, init)

        track.inits[segment.group] = self._inits.get(f"{track.folder}/{segment.group}", fetch)

    def _write_init(self, track: Track, segment: Segment, init: Init) -> Path:
        data = memoryview(whole(self.job, init.piece, INIT_LIMIT))
        # Asked for before the disk is held: who waits for an answer may be left to that.
        key = None if init.key_url is None or data[4:8] in _BOXES else self._key(init.key_url)
        temporary = track.folder / f"init-{segment.group:05d}.part"
        with self._may_write():
            try:
                with FileIO(temporary, "w") as file:
                    sink = Decrypted(file, key, init.iv) if key else Plain(file)
                    for start in range(0, len(data), BUFFER):
                        sink.write(data[start : start + BUFFER])
                    sink.finish()
                    path = track.init_path(segment, file.tell())
                temporary.rename(path)
                self._flushing.add(path)
                return path
            finally:
                temporary.unlink(missing_ok=True)
