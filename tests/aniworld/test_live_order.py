"""Ids that become visible out of order on PostgreSQL, and a Redis that goes away: nothing is lost, doubled or moved."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.aniworld.live_server import LiveServer, live_server
from tests.database_servers import reachable
from tests.running import eventually, free_port

pytestmark = pytest.mark.processes

INSERT = (
    "INSERT INTO live_event (type, room, timestamp, data)"
    " VALUES ('queue_status', 'downloads', now(), %s::jsonb) RETURNING id"
)


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server("postgresql") as running:
        yield running


class Writer:
    """A connection whose transactions publish and end when the test says so."""

    def __init__(self, server: LiveServer) -> None:
        self.connection = psycopg.connect(server.environment["DATABASE_URL"])

    def publish(self) -> int:
        row = self.connection.execute(INSERT, [json.dumps({"sent": time.time()})]).fetchone()
        assert row
        return int(row[0])

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_error: object) -> None:
        self.connection.close()


def test_a_later_commit_with_a_lower_id_is_waited_for(server: LiveServer) -> None:
    with server.connect("downloads") as client, Writer(server) as slow, Writer(server) as fast:
        client.until_id(server.driver("send", type="queue_status"))
        seen = list(client.ids)
        first = slow.publish()
        second = fast.publish()
        fast.connection.commit()
        third = server.driver("send", type="queue_status")
        assert client.quiet(0.7)
        slow.connection.commit()
        client.until_id(third, 2)
        assert client.ids == [*seen, first, second, third]


def test_an_id_that_was_rolled_back_holds_nobody_up(server: LiveServer) -> None:
    with server.connect("downloads") as client, Writer(server) as slow, Writer(server) as fast:
        client.until_id(server.driver("send", type="queue_status"))
        seen = list(client.ids)
        slow.publish()
        second = fast.publish()
        fast.connection.commit()
        # A writer of something else, open all the time, is none of our business.
        with Writer(server) as other:
            other.connection.execute("CREATE TEMPORARY TABLE elsewhere AS SELECT 1")
            assert client.quiet(0.5)
            slow.connection.rollback()
            client.until_id(second, 2)
        server.driver("rolled_back")
        last = server.driver("send", type="queue_status")
        client.until_id(last, 2)
        assert client.ids == [*seen, second, last]


def test_a_web_process_that_starts_beside_an_open_transaction_misses_nothing(server: LiveServer) -> None:
    with Writer(server) as slow, Writer(server) as fast, live_server_again(server) as again:
        first = slow.publish()
        second = fast.publish()
        fast.connection.commit()
        commit = threading.Timer(0.5, slow.connection.commit)
        commit.start()
        with again.connect("downloads") as client:
            commit.join()
            client.say(action="resume", after=first - 1)
            last = server.driver("send", type="queue_status")
            client.until_id(last, 3)
            assert client.ids == [first, second, last]


@contextmanager
def live_server_again(server: LiveServer) -> Iterator[LiveServer]:
    """A second web process on the same database."""
    with live_server("", DATABASE_URL=server.environment["DATABASE_URL"], LIVE_USER="second") as again:
        yield again


def test_writers_side_by_side_arrive_complete_and_in_order(server: LiveServer) -> None:
    published: list[int] = []
    lock = threading.Lock()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with Writer(server) as writer:
            for _ in range(60):
                ids = [writer.publish() for _ in range(chance.randint(1, 3))]
                time.sleep(chance.uniform(0, 0.01))
                if chance.random() < 0.3:
                    writer.connection.rollback()
                    continue
                writer.connection.commit()
                with lock:
                    published.extend(ids)

    with server.connect("downloads") as client:
        client.until_id(server.driver("send", type="queue_status"))
        seen = list(client.ids)
        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = server.driver("send", type="queue_status")
        client.until_id(last)
        assert client.ids == [*seen, *sorted(published), last]


# Redis


class Redis:
    """A Redis server of our own, which may be frozen and killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = tempfile.mkdtemp(prefix="aniworld-redis-")
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", self.folder, "--bind", "127.0.0.1"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(lambda: reachable(self.url), 10, "redis")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server")
def test_a_redis_that_goes_away_costs_time_and_nothing_else() -> None:
    redis = Redis()
    try:
        with live_server("sqlite+redis", REDIS_URL=redis.url) as server, server.connect("downloads") as client:
            first = server.driver("burst", count=5, pause=0.02, types=["queue_status"])
            client.until_id(first[-1])
            os.kill(redis.process.pid, signal.SIGSTOP)
            began = time.monotonic()
            frozen = server.driver("burst", count=10, pause=0.02, types=["queue_status"])
            assert time.monotonic() - began < 2
            client.until_id(frozen[-1], 3)
            redis.kill()
            gone = server.driver("burst", count=10, pause=0.02, types=["queue_status"])
            client.until_id(gone[-1], 3)
            redis.start()
            back = server.driver("burst", count=10, pause=0.02, types=["queue_status"])
            client.until_id(back[-1], 3)
            assert client.ids == [*first, *frozen, *gone, *back]
    finally:
        redis.kill()
        shutil.rmtree(redis.folder, ignore_errors=True)
