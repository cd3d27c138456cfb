"""Each page of the admin with 100,000 items, attempts, episodes, events, requests and changes, on both databases."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.rows import Row, Table, median, show, within
from benchmarks.timing import child
from tests.running import POSTGRESQL, postgresql_database, reachable

WORKER = "benchmarks.administering"
TIMES = 5
MOST = 300


def measure() -> list[Table]:
    tables = [Table("Admin, SQLite", on("SQLite", None))]
    if not reachable(POSTGRESQL):
        missing = "not measured: no PostgreSQL answers; apt install postgresql, or name one with TEST_DATABASE_URL"
        return [*tables, Table("Admin, PostgreSQL", [show(Row("admin", ours=missing))])]
    with postgresql_database() as url:
        return [*tables, Table("Admin, PostgreSQL", on("PostgreSQL", url))]


def on(name: str, database_url: str | None) -> list[Row]:
    """All pages on one database: the slowest ones each with a row, the others together."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir="/var/tmp")))
        environment = {"DATA_DIR": str(folder)} | ({"DATABASE_URL": database_url} if database_url else {})
        print(f"{name}: 100,000 rows of each kind are made", flush=True)
        child(WORKER, environment, do="seed")
        taken = child(WORKER, environment, do="pages", times=TIMES)[0]
    medians = sorted(((median(values), page) for page, values in taken.items()), reverse=True)
    slowest = [within(f"{page}, median", MOST, 1000 * seconds, "ms") for seconds, page in medians[:12]]
    rest = medians[12:]
    if rest:
        detail = f"the slowest of {len(rest)} others"
        slowest.append(within("every other page, median", MOST, 1000 * rest[0][0], "ms", detail=detail))
    return slowest
