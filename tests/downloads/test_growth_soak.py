"""Half an hour of small downloads one after the other: what grows, grows within the plan below.

5,000 of them and half an hour, whichever takes longer, on each database; `SOAK_SMALL=300 SOAK_MINUTES=0` makes it
short. The first tenth of them warms everything up; from there on it is measured.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

from aniworld.supervisor import linux
from tests.downloads.driving import episodes, queue
from tests.running import Running, eventually, proportional_memory

pytestmark = [pytest.mark.soak, pytest.mark.processes, pytest.mark.timeout(3 * 3600)]

DOWNLOADS = int(os.environ.get("SOAK_SMALL", "5000"))
MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
SERIES_AT_ONCE = 8
# Seconds in which no download at all may come to its end.
STUCK = 180
# The plan: bytes of memory over all processes, handles of any one of them, bytes of the database for each download
# (rows, events, history; nothing is old enough to be pruned), and megabytes at which a log begins anew, of which nine
# more are kept. A worker is replaced after 50 tasks, so their number of handles does not grow with the downloads.
MEMORY, HANDLES, DATABASE_EACH, LOG_MEGABYTES, LOGS = 80_000_000, 24, 16_000, 1, 10


@dataclass(frozen=True)
class Size:
    """Of what may grow: bytes (memory by the name of the processes), and the most handles that one of each name has."""

    memory: dict[str, int]
    handles: dict[str, int]
    database: int
    logs: dict[str, int]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_grows_beyond_the_plan(database: str) -> None:
    fast = {"DEMO_SPEED": "0", "DEMO_CLIP_SECONDS": "2"}
    with Running(demo=True, database=database, environment=fast) as up:
        up.setup()
        values = [f"logging.max_megabytes={LOG_MEGABYTES}", "downloads.max_concurrent_downloads=4"]
        for value in values:
            assert up.manage("config", "set", value).returncode == 0
        done = _download(up, DOWNLOADS // 10)
        before, measured, until = _size(up), done, time.monotonic() + 60 * MINUTES
        done += _download(up, DOWNLOADS - done, until)
        after, count = _size(up), done - measured
        sys.stdout.write(f"\n{database}: {count} downloads\n  {before}\n  {after}\n")
    assert sum(after.memory.values()) - sum(before.memory.values()) <= MEMORY
    for name, handles in after.handles.items():
        assert handles - before.handles.get(name, handles) <= HANDLES, name
    assert after.database - before.database <= DATABASE_EACH * count + 2_000_000
    for name, size in after.logs.items():
        assert size <= LOGS * (LOG_MEGABYTES + 1) * 1024**2, name


def _download(up: Running, least: int, until: float = 0.0) -> int:
    """So many downloads at least, and until then; a few series at a time, which are removed with their files."""
    done = 0
    while done < least or time.monotonic() < until:
        keys = [_added(up, number) for number in range(SERIES_AT_ONCE)]
        ids = [pk for key in keys for pk in queue(up, key, episodes(up, key))]
        _until_all_are_over(up)
        statistics = up.api("GET", "/api/queue/status")["statistics"]
        assert statistics["completed"] == len(ids), statistics
        done += len(ids)
        up.api("DELETE", "/api/queue/completed")
        for key in keys:
            up.api("DELETE", f"/api/anime/{key}", delete_files=True)
    return done


def _added(up: Running, number: int) -> str:
    """A series of the demo, added for the first time or once more, with its episodes."""
    link = up.api("POST", "/api/anime/search", {"query": "a"})["items"][number]["link"]
    key: str = up.api("POST", "/api/anime/add", {"link": link}, status=202)["key"]
    eventually(lambda: up.api("GET", f"/api/anime/{key}/loading-status")["progress"]["episodes"], 30, "the episodes")
    return key


def _until_all_are_over(up: Running) -> None:
    """However slow the machine is: it fails when none came to its end for `STUCK` seconds."""
    before, left = -1, 1
    while left:
        states = eventually(partial(_moved, up, before), STUCK, f"another download is over than the {before}")
        before, left = states["completed"], states["pending"] + states["active"] + states["paused"]


def _moved(up: Running, before: int) -> dict[str, int]:
    """The numbers of the queue when more downloads are completed than before, or none is left; else empty."""
    time.sleep(0.5)
    states: dict[str, int] = up.api("GET", "/api/queue/status")["statistics"]
    is_over = not states["pending"] + states["active"] + states["paused"]
    return states if is_over or states["completed"] != before else {}


def _size(up: Running) -> Size:
    pids = [up.pid, *(process.pid for process in up.processes() if process.pid != up.pid)]
    handles: dict[str, int] = {}
    memory: dict[str, int] = {}
    for pid in pids:
        name = _cluster(pid) or " ".join(_arguments(pid)[-2:])[-40:]
        memory[name] = memory.get(name, 0) + proportional_memory([pid])
        handles[name] = max(handles.get(name, 0), _handles(pid))
    logs: dict[str, int] = {}
    for path in (up.data_dir / "logs").iterdir():
        name = path.name.partition(".log")[0]
        logs[name] = logs.get(name, 0) + path.stat().st_size
    return Size(memory, handles, _database(up), logs)


def _database(up: Running) -> int:
    url = up.environment.get("DATABASE_URL")
    if not url:
        return sum(path.stat().st_size for path in up.data_dir.glob("aniworld.db*"))
    with psycopg.connect(url) as asked:
        row = asked.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _cluster(pid: int) -> str:
    known = linux.process(pid)
    first = linux.process(known.group) if known else None
    return first.name if first and first.name.startswith("tasks:") else ""


def _arguments(pid: int) -> list[str]:
    try:
        return (linux.PROC / str(pid) / "cmdline").read_text().split("\0")
    except OSError:
        return []


def _handles(pid: int) -> int:
    try:
        return sum(1 for _handle in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0
