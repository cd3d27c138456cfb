"""Makes the kept databases anew, filled, with the schema of this version: what later versions are upgraded from.

    python -m tests.upgrades.make

Needs a PostgreSQL (`TEST_DATABASE_URL`) and `pg_dump`. While a schema is not released, run it after each change of it.
"""

from __future__ import annotations

import gzip
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aniworld.environment import ROOT
from tests.database_servers import postgresql_database
from tests.upgrades import kept

# What only says by which program the text was made, or what other versions of the server do not know.
_NOISE = re.compile(r"^(--.*|\\.*|SET transaction_timeout.*|)$")


def main() -> None:
    """Both kinds."""
    keep("sqlite", "", _sqlite)
    with postgresql_database() as url:
        keep("postgresql", url, _postgresql)


def keep(kind: str, url: str, dumped: Callable[[dict[str, str]], str]) -> None:
    """Makes a database of that kind, and keeps its text."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATA_DIR": folder, "DATABASE_URL": url, "DEMO": "off", "PYTHONHASHSEED": "0"}
        subprocess.run([sys.executable, "-m", "tests.upgrades.filling"], env=environment, cwd=ROOT, check=True)
        text = dumped(environment)
    path = kept.path(kind)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes\n")


def _sqlite(environment: dict[str, str]) -> str:
    with closing(sqlite3.connect(Path(environment["DATA_DIR"]) / "aniworld.db")) as database:
        return "\n".join(database.iterdump()) + "\n"


def _postgresql(environment: dict[str, str]) -> str:
    # Statements instead of COPY, which any client can send.
    command = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", environment["DATABASE_URL"]]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return "\n".join(line for line in text.splitlines() if not _NOISE.match(line)) + "\n"


if __name__ == "__main__":
    main()
