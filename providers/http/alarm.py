"""Calls something when time is over, for any number of waits at once in one thread of its own.

A thread for each wait costs more than the request it watches, and most are called off within milliseconds.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

# So many are kept before those are looked for that were called off.
_FEW = 64


@dataclass(order=True, slots=True)
class Alarm:
    """One wait. Whoever does not need it any more calls it off."""

    at: float
    number: int
    ring: Callable[[], None] | None = field(compare=False)

    def call_off(self) -> None:
        """Nothing is called, unless it is being called at this moment. What it would have called is let go of."""
        self.ring = None


class Alarms:
    """The waits of one process."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._waiting: list[Alarm] = []
        self._look_at = _FEW
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def after(self, seconds: float, ring: Callable[[], None]) -> Alarm:
        """`ring` is called once so many seconds are over, in another thread; it must not take long."""
        with self._change:
            alarm = Alarm(time.monotonic() + max(seconds, 0), next(self._numbers), ring)
            self._forget_what_was_called_off()
            heapq.heappush(self._waiting, alarm)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                self._thread.start()
            elif self._waiting[0] is alarm:
                self._change.notify()
        return alarm

    @property
    def count(self) -> int:
        """How many are kept, with some that were called off."""
        return len(self._waiting)

    def _forget_what_was_called_off(self) -> None:
        while self._waiting and self._waiting[0].ring is None:
            heapq.heappop(self._waiting)
        if len(self._waiting) >= self._look_at:
            # One that waits long at the front would keep all behind it that were called off.
            self._waiting = [alarm for alarm in self._waiting if alarm.ring]
            heapq.heapify(self._waiting)
            self._look_at = max(_FEW, 2 * len(self._waiting))

    def _run(self) -> None:
        while True:
            ring = self._next()
            if ring is None:
                continue
            try:
                ring()
            except Exception:
                # The others still have to ring.
                logger.exception("What was to be done when time was over could not be done")

    def _next(self) -> Callable[[], None] | None:
        """What is due, after waiting for it; None when there is something else to be looked at."""
        with self._change:
            self._forget_what_was_called_off()
            seconds = self._waiting[0].at - time.monotonic() if self._waiting else None
            if seconds is None or seconds > 0:
                self._change.wait(seconds)
                return None
            return heapq.heappop(self._waiting).ring


_alarms = Alarms()


def after(seconds: float, ring: Callable[[], None]) -> Alarm:
    """As `Alarms.after`, for this process."""
    return _alarms.after(seconds, ring)


def _begin_anew() -> None:
    # A fork has the waits of its parent, but not the thread that would end them.
    global _alarms
    _alarms = Alarms()


os.register_at_fork(after_in_child=_begin_anew)
