"""A Redis that hangs, or that the network lost without a word, keeps its connections: who listens must notice."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aniworld.live import redis_channel
from tests.running import eventually
from tests.scale.servers import Redis

pytestmark = pytest.mark.processes


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    redis.kill()


class Listening:
    """A thread that listens until Redis is away."""

    def __init__(self, url: str) -> None:
        self.heard, self.ended = 0, ""
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(url,), daemon=True)
        self._thread.start()

    def _listen(self, url: str) -> None:
        try:
            redis_channel.listen(url, self._count, self.ending)
            self.ended = "as told"
        except redis_channel.AWAY as error:
            self.ended = str(error)

    def _count(self) -> None:
        self.heard += 1


def test_one_that_says_nothing_any_more_is_given_up(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_channel, "ASKED_AFTER", 1.0)
    monkeypatch.setattr(redis_channel, "ANSWERS_WITHIN", 2.0)
    one = Listening(server.url)
    eventually(lambda: one.heard == 1, 10, "the confirmation")
    server.send(signal.SIGSTOP)
    assert eventually(lambda: one.ended, 15, "it is given up") == "Redis says nothing any more"
    server.send(signal.SIGCONT)


def test_one_that_only_has_nothing_to_say_is_kept(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_channel, "ASKED_AFTER", 0.5)
    monkeypatch.setattr(redis_channel, "ANSWERS_WITHIN", 3.0)
    one = Listening(server.url)
    eventually(lambda: one.heard == 1, 10, "the confirmation")
    asked = "cmdstat_ping"

    def answers() -> int:
        return int(server.client.info("commandstats").get(asked, {}).get("calls", 0))

    before = answers()
    eventually(lambda: answers() >= before + 3, 20, "it is asked now and then")
    assert not one.ended
    assert one.heard == 1
    redis_channel.Speaker(server.url).speak()
    eventually(lambda: one.heard == 2, 5, "a word")
    one.ending.set()
    assert eventually(lambda: one.ended, 10, "it ends") == "as told"
