"""The one thread of a web process that follows the event log and hands new events to the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import connection

from aniworld.live.message import Message
from aniworld.live.tail import Tail, open_tail
from aniworld.live.wakeup import Ear

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds between two looks at the log: without a bell, with one, and while an id is awaited.
_POLL = 0.05
_POLL_WITH_BELL = 1.0
_POLL_UNSETTLED = 0.01
_REST_AFTER_ERROR = 1.0


class Relay(threading.Thread):
    """Tails the log from where it ends when the thread starts, with a database connection of its own.

    In the loop's thread it calls `started(position)` once and then `deliver(messages)`, ids growing. It reads on only
    when a batch has been delivered, so that a busy loop makes batches longer and not a pile of them.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        started: Callable[[int], None],
        deliver: Callable[[list[Message]], None],
    ) -> None:
        super().__init__(name="live-relay", daemon=True)
        self._loop = loop
        self._begin = started
        self._deliver = deliver
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._ear = Ear(self._wake.set) if settings.REDIS_URL else None
        self._failing = False
        self._tail: Tail | None = None

    def stop(self) -> None:
        """Ends the thread soon; it does not wait for it."""
        self._ending.set()
        self._wake.set()

    def run(self) -> None:
        """Follows the log until stopped; a log that can't be read is tried again every second."""
        if self._ear:
            self._ear.start()
        while not (self._ending.is_set() or self._loop.is_closed()):
            self._wait(self._look())
        if self._ear:
            self._ear.stop()
        connection.close()

    def _wait(self, seconds: float) -> None:
        # A short rest in any case, so that a burst of bells costs some looks a second and not thousands.
        self._ending.wait(min(seconds, _POLL_UNSETTLED))
        self._wake.wait(max(0, seconds - _POLL_UNSETTLED))
        self._wake.clear()

    def _look(self) -> float:
        """Reads once and answers after how many seconds to look again."""
        try:
            messages = self._read()
            if messages:
                self._hand_over(self._deliver, messages)
        except Exception as error:  # whatever it is: without this thread nobody would get anything any more
            self._recover(error)
            return _REST_AFTER_ERROR
        self._failing = False
        if messages:
            return 0
        if self._tail and self._tail.unsettled:
            return _POLL_UNSETTLED
        return _POLL_WITH_BELL if self._ear and self._ear.listening else _POLL

    def _recover(self, error: Exception) -> None:
        if not self._failing:
            logger.warning("The event log can't be read (%s): trying again", error, exc_info=True)
        self._failing = True
        connection.close()
        if self._tail:
            self._tail.reconnected()

    def _read(self) -> list[Message]:
        if self._tail is None:
            self._tail = open_tail()
            self._hand_over(self._begin, self._tail.position)
        return self._tail.read()

    def _hand_over(self, receive: Callable[[T], None], what: T) -> None:
        done = threading.Event()

        def hand_over() -> None:
            try:
                receive(what)
            finally:
                done.set()

        self._loop.call_soon_threadsafe(hand_over)
        while not (done.wait(1) or self._ending.is_set()):
            pass
