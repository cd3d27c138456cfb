"""The words that pass through Redis. Loaded only where there is one: its library takes 8 MB of each process."""

from __future__ import annotations

import threading
from collections.abc import Callable

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANNEL = "aniworld:live"
# Seconds: whoever publishes waits for Redis at most this long; and between two looks, and tries, of who listens.
_ANSWERS_WITHIN, _LOOKS_EVERY = 0.25, 1.0

# What any of this raises when Redis is away.
AWAY: tuple[type[Exception], ...] = (redis.RedisError, OSError, ValueError)


class Speaker:
    """Says that there is something new."""

    def __init__(self, url: str) -> None:
        self._client = client(url, socket_timeout=_ANSWERS_WITHIN, socket_connect_timeout=_ANSWERS_WITHIN)

    def speak(self) -> None:
        """Raises one of `AWAY`."""
        self._client.publish(CHANNEL, b"")


def listen(url: str, heard: Callable[[], None], ending: threading.Event) -> None:
    """Calls `heard` for each word, and once as soon as words can be heard, until `ending`. Raises one of `AWAY`."""
    with client(url, socket_connect_timeout=_LOOKS_EVERY) as listener, listener.pubsub() as subscription:
        subscription.subscribe(CHANNEL)
        while not ending.is_set():
            # Also on the confirmation of the subscription: what came before it would not be heard.
            if subscription.get_message(timeout=_LOOKS_EVERY) is not None:
                heard()


def ping(url: str) -> None:
    """Raises one of `AWAY` when Redis does not answer within seconds."""
    with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as asked:
        asked.ping()


def client(url: str, **timeouts: float) -> redis.Redis:
    """A client that tries once: whoever asks here knows better than to wait for a second try."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **timeouts)
