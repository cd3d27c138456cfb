"""Each page of the admin and of the product, and each list, with 100,000 rows of each kind, on both databases."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.rows import Row, Table, median, show, within
from benchmarks.timing import child
from tests.database_servers import POSTGRESQL, postgresql_database, reachable

WORKER, PAGES = "benchmarks.administering", "benchmarks.paging"
TIMES = 5
# Milliseconds: of a page, and of a list of the API.
MOST, MOST_OF_LISTS = 300, 100
# Rows of their own in a table; the others together have one.
SHOWN = 12


def measure() -> list[Table]:
    tables = on("SQLite", None)
    if not reachable(POSTGRESQL):
        missing = "not measured: no PostgreSQL answers; apt install postgresql, or name one with TEST_DATABASE_URL"
        return [*tables, Table("Admin, PostgreSQL", [show(Row("admin", ours=missing))])]
    with postgresql_database() as url:
        return [*tables, *on("PostgreSQL", url)]


def on(name: str, database_url: str | None) -> list[Table]:
    """All pages on one database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir="/var/tmp")))
        environment = {"DATA_DIR": str(folder)} | ({"DATABASE_URL": database_url} if database_url else {})
        print(f"{name}: 100,000 rows of each kind are made", flush=True)
        child(WORKER, environment, do="seed")
        of_admin = child(WORKER, environment, do="pages", times=TIMES)[0]
        of_pages = child(PAGES, environment, times=TIMES)[0]
    named = {f"{page} ({queries} queries)": seconds for page, (seconds, queries) in of_pages.items()}
    lists = {page: seconds for page, seconds in named.items() if page.startswith("GET ")}
    pages = {page: seconds for page, seconds in named.items() if page not in lists}
    return [
        Table(f"Admin, {name}", slowest(of_admin, MOST)),
        Table(f"Pages, {name}", slowest(pages, MOST)),
        Table(f"Lists of the API, {name}", slowest(lists, MOST_OF_LISTS)),
    ]


def slowest(taken: dict[str, list[float]], most: float) -> list[Row]:
    """The slowest pages each with a row, the others together; the limit is in milliseconds."""
    medians = sorted(((median(values), page) for page, values in taken.items()), reverse=True)
    rows = [within(f"{page}, median", most, 1000 * seconds, "ms") for seconds, page in medians[:SHOWN]]
    rest = medians[SHOWN:]
    if rest:
        detail = f"the slowest of {len(rest)} others"
        rows.append(within("every other page, median", most, 1000 * rest[0][0], "ms", detail=detail))
    return rows
