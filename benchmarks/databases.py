"""The databases that are measured with many rows: SQLite, and PostgreSQL where one answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, Table, show
from benchmarks.timing import child
from tests.database_servers import POSTGRESQL, postgresql_database, reachable


@dataclass(frozen=True)
class Database:
    """One of them, with a data folder of its own."""

    name: str
    folder: Path
    environment: dict[str, str]

    def do(self, module: str, **values: Any) -> Any:
        """What that worker module prints."""
        return child(module, self.environment, **values)[0]


@contextmanager
def seeded(module: str) -> Iterator[list[Database]]:
    """Filled by what that worker module does as `seed`: side by side, as nothing is timed by it."""
    with ExitStack() as stack:
        found = [_made(stack, "SQLite", {})]
        if reachable(POSTGRESQL):
            url = stack.enter_context(postgresql_database())
            found.append(_made(stack, "PostgreSQL", {"DATABASE_URL": url}))
        print(f"{' and '.join(one.name for one in found)}: many rows are made", flush=True)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda one: one.do(module, do="seed"), found))
        yield found


def _made(stack: ExitStack, name: str, environment: dict[str, str]) -> Database:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir="/var/tmp"))
    return Database(name, Path(folder), {"DATA_DIR": folder, **environment})


def unmeasured(title: str, databases: list[Database]) -> list[Table]:
    """Says what is missing where there is no PostgreSQL."""
    if any(one.name == "PostgreSQL" for one in databases):
        return []
    told = "not measured: no PostgreSQL answers; apt install postgresql, or name one with TEST_DATABASE_URL"
    return [Table(f"{title}, PostgreSQL", [show(Row(title, ours=told))])]
