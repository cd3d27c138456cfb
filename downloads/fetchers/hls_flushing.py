"""Has finished segments written out now and then, and notes which: after a power cut only those can be relied on.

A segment that was written survives its process, but until it is flushed the disk may hold a file of the right name and
size with nothing in it. Flushing each by itself would make a fast download wait for the disk, so it is done in batches.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from downloads.workfolder import flush

_FLUSHED = "flushed"
# Seconds between batches: what a power cut costs at most, beside what the disk does by itself.
FLUSH_EVERY = 5.0


def flushed(folder: Path) -> frozenset[str]:
    """The segments below the folder, by their paths in it, that the disk is known to hold. A torn line is none."""
    try:
        text = (folder / _FLUSHED).read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    return frozenset(line for line in text.split("\n")[:-1] if line)


class Flushing:
    """Of the segments of one stream. Used by several threads; one of them at a time waits for the disk."""

    def __init__(self, folder: Path, known: Sequence[Path]) -> None:
        """`known`: what was there before, which is flushed with the first batch."""
        self._folder = folder
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._waiting = list(known)
        self._flushed_at = time.monotonic()

    def add(self, path: Path) -> None:
        """This file is whole. When it is time for the next batch, the caller waits for the disk."""
        with self._lock:
            self._waiting.append(path)
            is_due = time.monotonic() - self._flushed_at >= FLUSH_EVERY
        if is_due and self._turn.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._turn.release()

    def _flush(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        for path in batch:
            flush(path)
        for parent in {path.parent for path in batch}:
            flush(parent)
        note = self._folder / _FLUSHED
        with note.open("a", encoding="ascii") as file:
            file.writelines(f"{path.relative_to(self._folder).as_posix()}\n" for path in batch)
        flush(note)
        self._flushed_at = time.monotonic()
