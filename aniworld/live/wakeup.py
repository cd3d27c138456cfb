"""A word through Redis that the log has grown. Only a hint: with Redis gone, events come later, never not at all."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

_SECONDS_OF_REST = 5.0
_SECONDS_TO_RECONNECT = 1.0


@cache
def through_redis() -> ModuleType:
    """How words pass through Redis, by its name: without one its library is not even loaded."""
    return import_module("aniworld.live.redis_channel")


class Bell:
    """Rings the relays of all web processes. Never raises, never blocks for long; does nothing without Redis."""

    def __init__(self) -> None:
        self._speaker: Any = None
        self._silent_until = 0.0
        self._failing = False

    def ring(self) -> None:
        """Says that there is something new; a failure is logged once until it works again."""
        if not settings.REDIS_URL or time.monotonic() < self._silent_until:
            return
        channel = through_redis()
        try:
            self._speaker = self._speaker or channel.Speaker(settings.REDIS_URL)
            self._speaker.speak()
            self._failing = False
        except channel.AWAY as error:
            self._silent_until = time.monotonic() + _SECONDS_OF_REST
            if not self._failing:
                logger.warning("Redis can't be reached (%s): live events come later until it is back", error)
            self._failing = True


bell = Bell()


class Ear(threading.Thread):
    """Listens for the bell and calls `wake`; `listening` tells whether it could hear one now."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__(name="live-ear", daemon=True)
        self._wake = wake
        self._ending = threading.Event()
        self.listening = False

    def stop(self) -> None:
        """Ends the thread within a second."""
        self._ending.set()

    def run(self) -> None:
        """Listens, and connects again whenever the connection is lost."""
        failing, channel = False, through_redis()
        while not self._ending.is_set():
            try:
                channel.listen(settings.REDIS_URL or "", self._heard, self._ending)
                self.listening = False
            except channel.AWAY as error:
                if not (self.listening or failing):
                    logger.warning("Redis can't be reached (%s): the event log is polled more often", error)
                failing = not self.listening
                self.listening = False
                self._ending.wait(_SECONDS_TO_RECONNECT)

    def _heard(self) -> None:
        self.listening = True
        self._wake()
