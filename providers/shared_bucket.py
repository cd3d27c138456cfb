"""A rate that all processes of this machine keep together: what `providers.kept_rate` has besides Redis.

Each bucket is a small file that all processes map. It counts what was taken and what has passed since; whoever takes
something gets a place behind everything taken before, and may go on when so much has passed. The rate is given with
each call and nobody's waiting time is fixed in advance, so that a change of the rate holds at once for all who wait.

The lock is the kernel's and falls with its process, however that ends. A process that is stopped while it holds the
lock does not stop the others: after `_PATIENCE` they go on without, which costs the rate a single place.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from providers.rate import Rate

# When it was last looked at (seconds of the machine's monotonic clock), what had passed by then, what was taken.
_STATE = struct.Struct("=ddd")
# Seconds
_PATIENCE = 0.5
_BETWEEN_TRIES = 0.0002


class SharedBucket:
    """One rate, in one file. Thread-safe, and safe over processes and forks."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, _STATE.size)
        self._map = mmap.mmap(self._file, _STATE.size)
        self._clock = clock
        self._threads = threading.Lock()
        # A thread that held it does not exist in a forked process.
        os.register_at_fork(after_in_child=self._forget_threads)

    def take(self, count: float, rate: Rate, *, extra: float = 0, within: float = math.inf) -> float | None:
        """Takes `count` and answers the place to wait for with `remaining`.

        None, and nothing is taken, when that would be longer than `within` seconds. `extra` is charged to those who
        come after.
        """
        with self._locked():
            now, passed, taken = self._state(rate)
            place = taken + count
            may_wait = (place - passed) / rate.per_second <= within
            self._write(now, passed, place + extra if may_wait else taken)
            return place if may_wait else None

    def wait_for(self, count: float, rate: Rate) -> float:
        """Seconds that whoever took `count` now would have to wait."""
        with self._locked():
            _now, passed, taken = self._state(rate)
        return max(0.0, (taken + count - passed) / rate.per_second)

    def remaining(self, place: float, rate: Rate) -> float:
        """Seconds until everything up to `place` has passed at this rate; 0 when it has."""
        with self._locked():
            now, passed, taken = self._state(rate)
            self._write(now, passed, taken)
        return max(0.0, (place - passed) / rate.per_second)

    def _state(self, rate: Rate) -> tuple[float, float, float]:
        """The time, what has passed by now (at most `burst` more than was taken), and what was taken."""
        at, passed, taken = _STATE.unpack_from(self._map)
        now = self._clock()
        if not (math.isfinite(passed) and math.isfinite(taken) and 0 <= at <= now):
            # The clock began anew with the machine, or the file holds what nobody wrote.
            return now, 0.0, 0.0
        return now, min(passed + (now - at) * rate.per_second, taken + rate.burst), taken

    def _write(self, now: float, passed: float, taken: float) -> None:
        _STATE.pack_into(self._map, 0, now, passed, taken)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._threads:
            held = self._lock_file()
            try:
                yield
            finally:
                if held:
                    fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _lock_file(self) -> bool:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until:
                    return False
                time.sleep(_BETWEEN_TRIES)
            else:
                return True

    def _forget_threads(self) -> None:
        self._threads = threading.Lock()
