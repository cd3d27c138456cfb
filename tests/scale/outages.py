"""Redis or PostgreSQL gone for a while, and what has to come of it: the same for some seconds and for a minute."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.downloads.driving import arrived, item
from tests.running import Running, eventually
from tests.scale.fleet import Fleet
from tests.scale.watching import Watched


def configure(web: Running, section: str, **values: Any) -> None:
    """As an administrator does it."""
    web.api("POST", f"/api/config/section/{section}", values)


def bytes_of(fleet: Fleet, ids: list[int]) -> int:
    """What the rows say that these have."""
    return int(fleet.rows(f"SELECT sum(downloaded_bytes) FROM downloads_queueitem WHERE id IN {_listed(ids)}")[0][0])


def _listed(ids: list[int]) -> str:
    return f"({', '.join(map(str, ids))})"


def redis_goes(fleet: Fleet, web: Running, ids: list[int], later: list[int], seconds: float) -> None:
    """While `ids` download slowly: they go on, every event comes, and `later`, which wait, begin by themselves."""
    with Watched(fleet, web) as watched:
        fleet.redis.kill()
        before, gone_at = bytes_of(fleet, ids), time.monotonic()
        eventually(lambda: bytes_of(fleet, ids) > before + 100_000, 90, "bytes without Redis")
        while time.monotonic() < gone_at + seconds:
            assert web.api("GET", "/api/queue/status")
            time.sleep(0.5)
        assert watched.assert_whole() > 2
        fleet.redis.start()
        configure(web, "downloads", bandwidth_limit_mbps=None)
        arrived(web, [*ids, *later], 150 + seconds)
        watched.assert_whole()


def postgresql_goes(fleet: Fleet, webs: list[Running], ids: list[int], seconds: float) -> None:
    """While `ids` are held in the middle: the web says so, nothing is lost, and all goes on by itself."""
    before = {pk: item(webs[0], pk) for pk in ids}
    gone_at = time.monotonic()
    fleet.postgresql.stop()
    for web in webs:
        answer = _answered(web, "/api/queue/status", 503)
        assert answer.json()["code"] == "database_unavailable"
        assert answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        assert "<h1>" in _answered(web, "/", 503).text
        assert _answered(web, "/health", 503).json()["checks"]["database"]["status"] == "failed"
    while time.monotonic() < gone_at + seconds:
        time.sleep(0.5)
    fleet.postgresql.start()
    back_at = time.monotonic()
    for web in webs:
        _answered(web, "/api/queue/status", 200)
    assert time.monotonic() - back_at < 30
    fleet.heal()
    for state in arrived(webs[0], ids, 150):
        tries = [attempt for attempt in state["attempts"] if attempt["outcome"] not in ("completed", "parked")]
        assert not [one for one in tries if one not in before[state["id"]]["attempts"]], tries


def _answered(web: Running, path: str, status: int) -> requests.Response:
    """The answer, as soon as it has that status; pages are asked for by somebody who is not signed in."""
    headers = {"Authorization": f"Bearer {web.token}"} if path.startswith("/api") else {}

    def ask() -> list[requests.Response]:
        answer = requests.get(web.url + path, headers=headers, timeout=20, allow_redirects=False)
        # In a list: an answer of 503 counts as false.
        return [answer] if answer.status_code == status else []

    return eventually(ask, 60, f"{status} of {path}")[0]


def held(fleet: Fleet, web: Running, ids: list[int], at_least: int = 1_500_000) -> None:
    """Each of them is at a worker and gets no further, with so many bytes that some are noted beside them."""
    tried = "EXISTS (SELECT 1 FROM downloads_attempt WHERE item_id = item.id AND ended_at IS NULL)"
    told = f"status, downloaded_bytes, {tried}, owner, error_message"
    seen: list[tuple[Any, ...]] = []

    def all_are() -> bool:
        seen[:] = fleet.rows(f"SELECT {told} FROM downloads_queueitem item WHERE id IN {_listed(ids)}")
        return all(status == "downloading" and had > at_least and is_tried for status, had, is_tried, *_rest in seen)

    try:
        eventually(all_are, 150, "active downloads")
    except pytest.fail.Exception:
        pytest.fail(f"not all are active: {seen}")
