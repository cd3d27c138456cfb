"""The web server's connections to PostgreSQL: few, kept, and made anew when the server was away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
import requests

from tests.database_servers import POSTGRESQL
from tests.running import Running, eventually, open_files

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("up")]

# What the pool holds at most, and what threads of the server keep beside it: they read events and the log level.
MOST = 20 + 5


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running("--web-only", database="postgresql") as running:
        running.setup()
        yield running


def backends(up: Running, statement: str = "count(*)") -> int:
    """Of the product's database; `statement` is asked of them all."""
    name = urlsplit(up.environment["DATABASE_URL"]).path.strip("/")
    with psycopg.connect(POSTGRESQL, autocommit=True) as server:
        asked = f"SELECT {statement} FROM pg_stat_activity WHERE datname = %s"
        found = server.execute(asked.encode(), [name]).fetchone()
    return int(found[0]) if found else 0


def ask_often(up: Running, times: int) -> list[int]:
    """The status codes of so many requests, 20 at once."""
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda _number: _status(up), range(times)))


def _status(up: Running) -> int:
    headers = {"Authorization": f"Bearer {up.token}"}
    return requests.get(f"{up.url}/api/queue/status", headers=headers, timeout=60).status_code


def test_none_is_inherited_from_the_fork_server(up: Running) -> None:
    sockets = {name for name in open_files(up.fork_server().pid) if name.startswith("socket:")}
    # The way to `up`, both ends of what tells of ended forks, and the web server's.
    assert len(sockets) == 4


def test_many_requests_share_few_connections_and_leave_none_behind(up: Running) -> None:
    assert set(ask_often(up, 60)) == {200}
    first = backends(up)
    assert set(ask_often(up, 60)) == {200}
    assert backends(up) <= max(first, MOST)


def test_connections_that_the_server_ended_are_made_anew(up: Running) -> None:
    assert set(ask_often(up, 20)) == {200}
    assert backends(up, "count(pg_terminate_backend(pid))")
    # A connection is looked at before it is handed out, so nobody gets a dead one.
    assert set(ask_often(up, 40)) == {200}
    eventually(lambda: backends(up) <= MOST, 20, "few connections")
