"""How far a stream is: by the playing time of what is there, since nobody says how many bytes all of it has."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from downloads.control import Transfer
from downloads.fetchers.hls_tracks import Track
from downloads.fetchers.playlist import Segment

# The share from which on what is there tells the size of all of it.
_TELLING = 0.05


class Progress:
    """Counts segments, and parts of those under way, of all tracks of one stream. Thread-safe."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.transfer = Transfer(0, None)
        # Bytes of the largest segment so far.
        self.largest = 0
        self._lock = threading.Lock()
        self._all_seconds = sum(track.playlist.duration for track in tracks) or 1.0
        # Seconds and bytes: of whole segments, and of parts of those whose size is known.
        self._seconds, self._size = 0.0, 0
        self._part_seconds, self._part_size = 0.0, 0
        self._parts: dict[int, tuple[float, int]] = {}
        for track in tracks:
            for index, path in track.finished.items():
                self.finished(track.playlist.segments[index], path.stat().st_size)
        self.transfer.place(self._size, self.transfer.total)
        self.transfer.settle()

    @property
    def expected(self) -> int:
        """Bytes of all segments together, as far as those that are there tell."""
        return self.transfer.total or round(self._size * self._all_seconds / max(self._seconds, 1.0))

    def finished(self, segment: Segment, size: int) -> None:
        """A segment is on disk; it is no part any more."""
        with self._lock:
            self._forget_part(segment)
            self._seconds += segment.duration
            self._size += size
            self.largest = max(self.largest, size)
            self._tell()

    def part(self, segment: Segment, count: int, length: int | None) -> None:
        """So many more bytes of a segment are there; `length`: how many it has, where its host says so."""
        self.transfer.advance(count)
        if not length:
            return
        with self._lock:
            seconds, size = self._parts.get(id(segment), (0.0, 0))
            gained = segment.duration * count / length
            self._parts[id(segment)] = seconds + gained, size + count
            self._part_seconds += gained
            self._part_size += count
            self._tell()

    def lost(self, segment: Segment, count: int) -> None:
        """What had come of a segment is gone again."""
        self.transfer.advance(-count)
        with self._lock:
            self._forget_part(segment)
            self._tell()

    def _forget_part(self, segment: Segment) -> None:
        seconds, size = self._parts.pop(id(segment), (0.0, 0))
        self._part_seconds -= seconds
        self._part_size -= size

    def _tell(self) -> None:
        fraction = min(1.0, (self._seconds + self._part_seconds) / self._all_seconds)
        self.transfer.fraction = fraction
        if fraction > _TELLING:
            self.transfer.total = round((self._size + self._part_size) / fraction)
