"""Walks the folders of a big library in two processes at a time, and hands out what is in them in order."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Self, TypeVar

from library.scanner.walker import Walker, WalkerDied
from library.scanner.walking import Walked

log = logging.getLogger(__name__)

# With fewer folders the start of a process, a tenth of a second, takes what it saves.
LEAST = 1000
# Folders in a batch: some hundredths of a second of work.
BATCH = 100
# Batches that the other process has at most: enough to be busy while this one walks a batch and compares another.
_AHEAD = 3
# Batches that are walked or being so, and not handed out: this process does not run away from the other one either.
_LONGEST = 8
# Seconds between two looks while there is nothing to do but wait.
_PATIENCE = 0.2
# Seconds of mere waiting without an answer after which the other process is given up, or so many times what a batch
# took here: what it hangs in then holds this one up as well, and ends the scan as any work without a sign of life.
_LONGEST_WAIT, _SLOWER = 60.0, 4

Batch = TypeVar("Batch")


@dataclass(slots=True)
class _Turn(Generic[Batch]):
    batch: Batch
    folders: Sequence[str]
    walked: Walked | None = None


class Sharing(Generic[Batch]):
    """A context. `count` says how many folders there are about: few are walked here alone, as on one processor.

    `walk` adds what is below a folder to what it is given; `came` is told of folders that were walked by the other
    process. `look` is called at each batch and while waiting; it may raise to stop, and so may `walk`.
    """

    def __init__(
        self,
        root: Path,
        count: int,
        walk: Callable[[str, Walked], object],
        came: Callable[[Sequence[str], Walked], object] = lambda _folders, _walked: None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._root, self._walk, self._came, self._look = root, walk, came, look
        self._is_shared = count >= LEAST and _processors() > 1
        self._walker: Walker | None = None
        # In the order in which they are handed out, and those of them that the other process has.
        self._line: deque[_Turn[Batch]] = deque()
        self._given: deque[_Turn[Batch]] = deque()
        self._waited = self._slowest = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        if self._walker:
            self._walker.end()

    def in_order(self, batches: Iterable[tuple[Batch, Sequence[str]]]) -> Iterator[tuple[Batch, Walked]]:
        """Each batch with what is below its folders, which are looked at only after the batch was taken."""
        for batch, folders in batches:
            turn = _Turn(batch, folders)
            self._line.append(turn)
            if not self._give(turn):
                self._do(turn)
            yield from self._done(_LONGEST)
        yield from self._done(0)

    def _done(self, most: int) -> Iterator[tuple[Batch, Walked]]:
        """Those that nothing before them holds up; waits until at most so many are left."""
        self._look()
        self._take(0)
        yield from self._first()
        while len(self._line) > most:
            self._look()
            self._take(_PATIENCE)
            yield from self._first()

    def _first(self) -> Iterator[tuple[Batch, Walked]]:
        while self._line and (walked := self._line[0].walked) is not None:
            yield self._line.popleft().batch, walked

    def _do(self, turn: _Turn[Batch]) -> None:
        walked, began = Walked(), time.monotonic()
        for folder in turn.folders:
            self._walk(folder, walked)
        turn.walked = walked
        self._slowest = max(self._slowest, time.monotonic() - began)

    def _give(self, turn: _Turn[Batch]) -> bool:
        """Has the other process do it; False when there is none, or it has enough."""
        if not turn.folders or len(self._given) >= _AHEAD or not self._is_shared:
            return False
        try:
            self._walker = self._walker or Walker(self._root)
            self._walker.ask(turn.folders)
        except (WalkerDied, OSError) as error:
            self._lose(error)
            return False
        self._given.append(turn)
        return True

    def _take(self, seconds: float) -> None:
        if not self._walker or not self._given:
            return
        began = time.monotonic()
        try:
            answers = self._walker.answers(seconds)
        except WalkerDied as error:
            self._lose(error)
            return
        self._waited = 0.0 if answers else self._waited + time.monotonic() - began
        if self._waited > max(_LONGEST_WAIT, _SLOWER * self._slowest):
            self._lose(TimeoutError(f"no answer for {self._waited:.0f} s"))
        for walked in answers:
            turn = self._given.popleft()
            turn.walked = walked
            self._came(turn.folders, walked)

    def _lose(self, error: Exception) -> None:
        """Goes on alone, with what the other process had not done."""
        code = self._walker.end() if self._walker else None
        log.warning("No other process helps to walk the folders any more: %r, exit code %s", error, code)
        self._walker, self._is_shared = None, False
        while self._given:
            self._do(self._given.popleft())


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
