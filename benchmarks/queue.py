"""Queue and API with 100,000 items and 5,000 series, on SQLite and on PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.databases import Database, seeded, unmeasured
from benchmarks.rows import Row, Table, median, percentile, within
from tests.running import Running

WORKER = "benchmarks.queueing"
PER_SECOND, SECONDS = 20, 5


def measure() -> list[Table]:
    with seeded(WORKER) as databases:
        tables = [Table(f"Queue and API, {database.name}", on(database)) for database in databases]
        return [*tables, *unmeasured("Queue and API", databases)]


def on(database: Database) -> list[Row]:
    """All figures on one database."""

    def do(what: str, **values: Any) -> Any:
        return database.do(WORKER, do=what, **values)

    return [*verbs(do, database.folder), *api(database.folder, database.environment, do)]


def verbs(do: Callable[..., Any], folder: Path) -> list[Row]:
    library = folder / "library"
    library.mkdir()
    alone = [1000 * seconds for seconds in do("claim", times=200)]
    raced = do("race", times=100)
    together = [1000 * seconds for seconds in raced["seconds"]]
    queued = do("enqueue", times=6, library=str(library))
    work = "claim of the next item with 100,000 pending"
    twice = f"{raced['twice']} of {len(together)} claimed twice"
    return [
        within(f"{work}, median", 5, median(alone), "ms"),
        within(f"{work}, 8 claimers at once, p99", 25, percentile(together, 0.99), "ms", detail=twice),
        within("enqueue of 1,000 episodes in one call", 1, median(queued[1:]), "s"),
    ]


def api(folder: Path, environment: dict[str, str], do: Callable[..., Any]) -> list[Row]:
    """Through the real web server, at 20 requests a second."""
    counts = do("queries", few=5, many=100)
    rows = []
    with Running("--web-only", environment=environment, data_dir=folder) as up:
        up.setup()
        for path, query in (("/api/queue/status", ""), ("/api/anime", "?page=100&limit=20")):
            taken = paced(partial(up.http.get, up.url + path + query, timeout=30))
            detail = " or ".join(str(count) for count in dict.fromkeys(counts[path])) + " queries"
            rows.append(within(f"GET {path}{query}, p95", 100, percentile(taken, 0.95), "ms", detail=detail))
    return rows


def paced(ask: Callable[[], Any]) -> list[float]:
    """Milliseconds from when each request was due, 20 of them a second."""
    ask().raise_for_status()
    began, taken = time.monotonic(), []
    for number in range(PER_SECOND * SECONDS):
        due = began + number / PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        assert ask().ok
        taken.append(1000 * (time.monotonic() - due))
    return taken
