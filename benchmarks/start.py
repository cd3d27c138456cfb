"""The whole product as `up` starts it: until it is healthy, when it is idle, from bell to first byte."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

import requests

from aniworld.supervisor import linux
from benchmarks.rows import Row, Table, median, percentile, within
from tests.downloads import driving
from tests.running import Running, eventually, proportional_memory

STARTS, BELLS, ADDED, IDLE_SECONDS = 5, 30, 5, 60


def measure() -> list[Table]:
    with Running(demo=True, as_new=True) as up:
        up.setup()
        # Others are started while it settles.
        started = median([healthy() for _ in range(STARTS)])
        rows = [within("start of `up` to healthy, empty data folder", 8, started, "s")]
        rows += [*idle(up), *bells(up), slow_catalogue(up)]
    return [Table("The whole product, embedded (SQLite, no Redis)", rows)]


def healthy() -> float:
    """Seconds from the command until /health says that everything runs, workers included."""
    up = Running(demo=True, as_new=True)
    up.start = lambda *_arguments: up.launch() and 0.0  # type: ignore[method-assign, assignment]  # this waits itself
    began = time.monotonic()
    with up:
        eventually(lambda: _is_healthy(up), 60, "healthy")
        seconds = time.monotonic() - began
        eventually(lambda: "ready on http" in up.output(), 60, "ready")
    return seconds


def _is_healthy(up: Running) -> bool:
    with suppress(requests.ConnectionError, requests.Timeout):
        return requests.get(f"{up.url}/health", timeout=2).ok
    return False


def idle(up: Running) -> list[Row]:
    """Once the first round of regular work is over, for a minute: so all that comes every minute is in it once."""
    eventually(lambda: _first_round_is_over(up), 90, "settled")
    time.sleep(5)
    pids = [up.pid, *(process.pid for process in up.processes() if process.pid != up.pid)]
    before, began = processor_seconds(pids), time.monotonic()
    time.sleep(IDLE_SECONDS)
    share = 100 * (processor_seconds(pids) - before) / (time.monotonic() - began)
    memory = proportional_memory(pids) / 1e6
    detail = f"{len(pids)} processes"
    return [
        within("idle: memory of all processes (proportional set size)", 350, memory, "MB", detail=detail),
        within(f"idle: share of a core over {IDLE_SECONDS} s", 3, share, "%"),
    ]


def _first_round_is_over(up: Running) -> bool:
    [[due, waiting]] = up.rows(
        "SELECT (SELECT count(*) FROM django_q_schedule WHERE julianday(next_run) <= julianday('now')),"
        " (SELECT count(*) FROM django_q_ormq)"
    )
    return not due and not waiting


def processor_seconds(pids: list[int]) -> float:
    """Of these processes, and of those of their children that have ended: among them one of these that did."""
    total = 0.0
    for pid in pids:
        with suppress(OSError):
            fields = (linux.PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def bells(up: Running) -> list[Row]:
    """From sending the request that queues an episode until the host is asked for the first byte of its media."""
    key = driving.add_series(up)
    wanted = driving.episodes(up, key)
    up.api("POST", "/api/queue/start")
    delays = [first_byte(up, key, wanted[number % len(wanted)]) for number in range(BELLS + 1)]
    detail = f"median {median(delays[1:]):.0f} ms, {BELLS} items"
    return [within("bell to first byte requested, p95", 700, percentile(delays[1:], 0.95), "ms", detail=detail)]


def first_byte(up: Running, key: str, episode: tuple[int, int]) -> float:
    """Milliseconds; the item is cancelled as soon as it is known, so that the next one finds an idle queue."""
    requests.delete(f"{driving.demo_address(up)}/_requests", timeout=5)
    began = time.time()
    [pk] = driving.queue(up, key, [episode])
    [first, *_rest] = eventually(lambda: _media(up), 30, "a byte")
    up.api("DELETE", f"/api/queue/{pk}", status=204)
    eventually(lambda: not any(process.name == "aniworld-busy" for process in up.workers("downloads")), 30, "idle")
    return float(1000 * (first["time"] - began))


def _media(up: Running) -> list[dict[str, Any]]:
    return [line for line in driving.served(up, "media", "playlist") if line["range"] != "bytes=0-1023"]


def slow_catalogue(up: Running) -> Row:
    """Each time another series, while the catalogue needs 10 s for each page."""
    found = up.api("POST", "/api/anime/search", {"query": "e"})["items"]
    driving.fault(up, "demo", "slow_answer", seconds=10)
    taken = []
    for series in found[-ADDED:]:
        began = time.monotonic()
        up.api("POST", "/api/anime/add", {"link": series["link"]}, status=202)
        taken.append(1000 * (time.monotonic() - began))
    driving.heal(up)
    detail = f"the slowest of {len(taken)}"
    return within("POST /api/anime/add with a catalogue that takes 10 s", 200, max(taken), "ms", detail=detail)
