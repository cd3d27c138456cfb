"""Each page of the admin and of the product, and each list, with 100,000 rows of each kind, on both databases."""

from __future__ import annotations

from benchmarks.databases import Database, seeded, unmeasured
from benchmarks.rows import Row, Table, median, within

WORKER, PAGES = "benchmarks.administering", "benchmarks.paging"
TIMES = 3
# Milliseconds: of a page, and of a list of the API.
MOST, MOST_OF_LISTS = 300, 100
# Rows of their own in a table; the others together have one.
SHOWN = 12


def measure() -> list[Table]:
    with seeded(WORKER) as databases:
        tables = [table for database in databases for table in on(database)]
        return [*tables, *unmeasured("Admin", databases)]


def on(database: Database) -> list[Table]:
    """All pages on one database."""
    of_admin = database.do(WORKER, do="pages", times=TIMES)
    of_pages = database.do(PAGES, times=TIMES)
    named = {f"{page} ({queries} queries)": seconds for page, (seconds, queries) in of_pages.items()}
    lists = {page: seconds for page, seconds in named.items() if page.startswith("GET ")}
    pages = {page: seconds for page, seconds in named.items() if page not in lists}
    return [
        Table(f"Admin, {database.name}", slowest(of_admin, MOST)),
        Table(f"Pages, {database.name}", slowest(pages, MOST)),
        Table(f"Lists of the API, {database.name}", slowest(lists, MOST_OF_LISTS)),
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
