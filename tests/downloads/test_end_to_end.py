"""A real `up`, driven like a user drives it: search, add, load, download, and a file on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.downloads.driving import (
    HOSTS,
    add_series,
    arrived,
    assert_whole,
    episodes,
    fault,
    heal,
    item,
    library_files,
    only,
    queue,
    served,
)
from tests.running import Running, eventually, next_event

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("end-to-end")]

EMBED = {"stage": "embed"}


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as running:
        running.setup()
        yield running


@pytest.mark.parametrize(("number", "host"), list(enumerate(HOSTS)))
def test_an_episode_of_each_kind_of_host_arrives(up: Running, number: int, host: str) -> None:
    only(up, host)
    key = add_series(up, number)
    wanted = episodes(up, key)[0]
    with up.events("download_progress", "downloads") as client:
        [pk] = queue(up, key, [wanted])
        started = next_event(client, "download_started")
        assert started["data"]["item_id"] == pk
        complete = next_event(client, "download_complete", seconds=60)
        assert complete["data"]["item_id"] == pk
        assert complete["id"] > started["id"]
    state = item(up, pk)
    assert (state["status"], state["progress_percent"]) == ("completed", 100.0)
    assert [attempt["provider"] for attempt in state["attempts"]] == [host]
    assert state["attempts"][0]["outcome"] == "completed"
    file = up.data_dir / "library" / state["file_destination"]
    assert_whole(file)
    name = up.api("GET", f"/api/anime/{key}")["name"]
    assert f"S{wanted[0]:02d}E{wanted[1]:02d} - ({state['language']}).mp4" in file.name
    assert file.parent.name == f"Season {wanted[0]:02d}"
    assert file.parent.parent.name.startswith(name[:5])
    detail = up.api("GET", f"/api/anime/{key}")
    row = next(
        row for season in detail["seasons"] for row in season["episodes"] if (row["season"], row["episode"]) == wanted
    )
    assert (row["is_downloaded"], row["file_path"], row["file_size"]) == (
        True,
        state["file_destination"],
        file.stat().st_size,
    )
    progress = up.api("GET", f"/api/progress/{started['data']['progress_id']}")
    assert progress["status"] == "completed"


def test_the_same_by_command(up: Running) -> None:
    for host in HOSTS:
        assert up.manage("providers", "enable", host).returncode == 0
    found = json.loads(up.manage("search", "a", "--json").stdout)
    link = (found["items"] if isinstance(found, dict) else found)[3]["link"]
    added = up.manage("add", link, "--wait")
    assert added.returncode == 0, added.stderr
    series = up.api("GET", "/api/anime", sort="-created_at")["items"][0]
    season, episode = episodes(up, series["key"])[0]
    code = f"S{season:02d}E{episode:02d}"
    downloaded = up.manage("download", series["key"], code, "--now")
    assert downloaded.returncode == 0, downloaded.stderr
    state = next(row for row in up.api("GET", "/api/queue/items", series=series["key"])["items"])
    assert state["status"] == "completed"
    assert_whole(up.data_dir / "library" / state["file_destination"])
    listed = json.loads(up.manage("queue", "list", "--json").stdout)
    assert listed["statistics"]["completed"] >= 1
    assert up.manage("download", series["key"], "S99E99").returncode == 1
    assert up.manage("download", series["key"], "what").returncode == 2
    assert up.manage("download", "no-such-series").stderr.strip().count("\n") == 0


def test_a_download_can_be_cancelled_within_two_seconds(up: Running) -> None:
    """A slow one, one that stands still, and one whose host does not say where the stream is."""
    key = add_series(up, 4)
    kinds: list[tuple[str, dict[str, Any]]] = [("speed", {"speed": 50_000}), ("stall", {}), ("timeout", EMBED)]
    for (kind, values), wanted in zip(kinds, episodes(up, key), strict=False):
        for host in HOSTS:
            fault(up, host, kind, **values)
        asked = len(served(up, "embed"))
        [pk] = queue(up, key, [wanted])
        eventually(partial(_is_under_way, up, pk, asked if values == EMBED else None), 30, "a download under way")
        _cancelled_in_time(up, pk)
    heal(up)


def _is_under_way(up: Running, pk: int, asked: int | None) -> bool:
    """Whether bytes have come; with a number, whether more embed pages were asked for than that."""
    return item(up, pk)["downloaded_bytes"] > 0 if asked is None else len(served(up, "embed")) > asked


def _cancelled_in_time(up: Running, pk: int) -> None:
    """From the call on; what the machine adds are the call and the looks."""
    began = time.monotonic()
    up.api("DELETE", f"/api/queue/{pk}", status=204)
    eventually(lambda: not list((up.data_dir / "work").glob(f"{pk}/*")), 2, "partial data removed")
    assert time.monotonic() - began < 2.5
    state = item(up, pk)
    assert (state["status"], state["attempts"][-1]["outcome"]) == ("cancelled", "cancelled")


def test_pause_and_stop_of_the_queue(up: Running) -> None:
    for host in HOSTS:
        fault(up, host, "speed", speed=100_000)
    key = add_series(up, 5)
    first, second = queue(up, key, episodes(up, key)[:2])
    eventually(lambda: item(up, first)["downloaded_bytes"] > 100_000, 30, "first bytes")
    assert up.api("POST", "/api/queue/stop") == {"is_running": False, "is_paused": False}
    assert item(up, first)["status"] == "pending"
    assert item(up, first)["downloaded_bytes"] > 0
    assert up.api("POST", "/api/queue/stop") == {"is_running": False, "is_paused": False}
    assert up.api("POST", "/api/queue/pause") == {"is_running": False, "is_paused": True}
    heal(up)
    assert item(up, second)["status"] == "pending"
    assert up.api("POST", "/api/queue/start") == {"is_running": True, "is_paused": False}
    arrived(up, [first, second])


def test_one_parked_item_waits_for_its_resume(up: Running) -> None:
    up.api("POST", "/api/queue/pause")
    key = add_series(up, 6)
    first, second = queue(up, key, episodes(up, key)[:2])
    parked = up.api("POST", f"/api/queue/{first}/pause")
    assert (parked["status"], parked["pause_reason"]) == ("paused", "user")
    up.api("POST", "/api/queue/resume")
    arrived(up, [second])
    assert item(up, first)["status"] == "paused"
    # Pending, unless a worker was quicker than the answer.
    assert up.api("POST", f"/api/queue/{first}/resume")["status"] != "paused"
    arrived(up, [first])


def test_what_a_series_was_added_for_is_queued_once_it_is_loaded(up: Running) -> None:
    found = up.api("POST", "/api/anime/search", {"query": "a"})["items"]
    up.api("POST", "/api/queue/pause")
    added = up.api("POST", "/api/anime/add", {"link": found[7]["link"], "download": "missing"}, status=202)

    def queued() -> int:
        total: int = up.api("GET", "/api/queue/items", series=added["key"])["total"]
        return total

    count = eventually(queued, 30, "queued episodes")
    detail = up.api("GET", f"/api/anime/{added['key']}")
    assert count == detail["missing_episodes"]
    up.api("DELETE", f"/api/anime/{added['key']}", status=204)
    up.api("POST", "/api/queue/resume")


def test_nothing_half_ever_stood_in_the_library(up: Running) -> None:
    for file in library_files(up):
        assert file.suffix == ".mp4"
        assert_whole(file)
