"""A word through Redis that the log has grown. Only a hint: with Redis gone, events come later, never not at all."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

CHANNEL = "aniworld:live"
# Whoever publishes waits for Redis at most this long, and then leaves it alone for a while.
_SECONDS_TO_ANSWER = 0.25
_SECONDS_OF_REST = 5.0
_SECONDS_TO_RECONNECT = 1.0


class Bell:
    """Rings the relays of all web processes. Never raises, never blocks for long; does nothing without Redis."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._silent_until = 0.0
        self._failing = False

    def ring(self) -> None:
        """Says that there is something new; a failure is logged once until it works again."""
        if not settings.REDIS_URL or time.monotonic() < self._silent_until:
            return
        try:
            self._connected().publish(CHANNEL, b"")
            self._failing = False
        except (redis.RedisError, OSError, ValueError) as error:
            self._silent_until = time.monotonic() + _SECONDS_OF_REST
            if not self._failing:
                logger.warning("Redis can't be reached (%s): live events come later until it is back", error)
            self._failing = True

    def _connected(self) -> redis.Redis:
        if self._client is None:
            self._client = _client(socket_timeout=_SECONDS_TO_ANSWER, socket_connect_timeout=_SECONDS_TO_ANSWER)
        return self._client


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
        failing = False
        while not self._ending.is_set():
            try:
                self._listen()
            except (redis.RedisError, OSError, ValueError) as error:
                if not (self.listening or failing):
                    logger.warning("Redis can't be reached (%s): the event log is polled more often", error)
                failing = not self.listening
                self.listening = False
                self._ending.wait(_SECONDS_TO_RECONNECT)

    def _listen(self) -> None:
        with _client(socket_connect_timeout=_SECONDS_TO_RECONNECT) as client, client.pubsub() as subscription:
            subscription.subscribe(CHANNEL)
            while not self._ending.is_set():
                message = subscription.get_message(timeout=_SECONDS_TO_RECONNECT)
                if message is None:
                    continue
                # Also on the confirmation of the subscription: what came before it would not be heard.
                self.listening = True
                self._wake()
        self.listening = False


def _client(**timeouts: float) -> redis.Redis:
    """A client that tries once: whoever asks here knows better than to wait for a second try."""
    return redis.Redis.from_url(settings.REDIS_URL or "", retry=Retry(NoBackoff(), 0), **timeouts)
