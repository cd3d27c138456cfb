"""The words that pass through Redis. Loaded only where there is one: its library takes 8 MB of each process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANNEL = "aniworld:live"
# Seconds: whoever publishes waits for Redis at most this long; and between two looks, and tries, of who listens.
_TOLD_WITHIN, _LOOKS_EVERY = 0.25, 1.0
# Seconds of silence after which who listens asks whether Redis is there, and for how long it may be silent then.
ASKED_AFTER, ANSWERS_WITHIN = 10.0, 5.0

# What any of this raises when Redis is away.
AWAY: tuple[type[Exception], ...] = (redis.RedisError, OSError, ValueError)


class Speaker:
    """Says that there is something new."""

    def __init__(self, url: str) -> None:
        self._client = client(url, socket_timeout=_TOLD_WITHIN, socket_connect_timeout=_TOLD_WITHIN)

    def speak(self) -> None:
        """Raises one of `AWAY`."""
        self._client.publish(CHANNEL, b"")


def listen(url: str, heard: Callable[[], None], ending: threading.Event) -> None:
    """Calls `heard` for each word, and once as soon as words can be heard, until `ending`. Raises one of `AWAY`."""
    with client(url, socket_connect_timeout=_LOOKS_EVERY) as listener, listener.pubsub() as subscription:
        subscription.subscribe(CHANNEL)
        sign = _SignOfLife(subscription)
        while not ending.is_set():
            message = subscription.get_message(timeout=_LOOKS_EVERY)
            sign.look(message)
            # Also on the confirmation of the subscription: what came before it would not be heard.
            if message is not None and message["type"] != "pong":
                heard()


class _SignOfLife:
    """Tells a Redis that has nothing to say from one that nothing comes through from any more.

    A network that swallows packets, or a server that hangs, ends no connection: one would listen to it for ever.
    """

    def __init__(self, subscription: redis.client.PubSub) -> None:
        self._subscription = subscription
        self._heard_at, self._asked = time.monotonic(), False

    def look(self, message: object) -> None:
        """After each look for a message, also for none. Raises one of `AWAY`."""
        now = time.monotonic()
        if message is not None:
            self._heard_at, self._asked = now, False
        elif now - self._heard_at > ASKED_AFTER + ANSWERS_WITHIN:
            raise redis.TimeoutError("Redis says nothing any more")
        elif now - self._heard_at > ASKED_AFTER and not self._asked:
            self._asked = True
            self._subscription.ping()


def ping(url: str) -> None:
    """Raises one of `AWAY` when Redis does not answer within seconds."""
    with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as asked:
        asked.ping()


def client(url: str, **timeouts: float) -> redis.Redis:
    """A client that tries once: whoever asks here knows better than to wait for a second try."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **timeouts)
