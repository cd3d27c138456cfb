"""The kept databases: where they are, how they are laid on a database, and what is in one."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.database_servers import postgresql_database

FOLDER = Path(__file__).parent.parent / "data" / "upgrades"
KINDS = ["sqlite", "postgresql"]

Rows = dict[str, list[dict[str, Any]]]


def path(kind: str) -> Path:
    """The dump of that kind, compressed SQL."""
    return FOLDER / f"{kind}.sql.gz"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of processes on a kept database of that kind; its data folder is `folder`."""
    environment = {**os.environ, "DATA_DIR": str(folder), "DEMO": "off", "DATABASE_URL": ""}
    if kind == "sqlite":
        execute(environment, gzip.decompress(path(kind).read_bytes()).decode())
        yield environment
        return
    with postgresql_database() as url:
        environment["DATABASE_URL"] = url
        execute(environment, gzip.decompress(path(kind).read_bytes()).decode())
        yield environment


def execute(environment: dict[str, str], text: str) -> None:
    """Statements, on the database of that environment."""
    if not environment["DATABASE_URL"]:
        with closing(sqlite3.connect(_file(environment))) as database:
            database.executescript(text)
        return
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as server:
        server.execute(text.encode())


def rows(environment: dict[str, str]) -> Rows:
    """Every row of every table, as column → value, each table in a fixed order."""
    if environment["DATABASE_URL"]:
        with psycopg.connect(environment["DATABASE_URL"]) as server:
            named = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            return {name: _table(server.execute(f'SELECT * FROM "{name}"'.encode())) for (name,) in named}
    with closing(sqlite3.connect(_file(environment))) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {name: _table(database.execute(f'SELECT * FROM "{name}"')) for (name,) in found.fetchall()}


def _table(cursor: Any) -> list[dict[str, Any]]:
    columns = [column[0] for column in cursor.description]
    return sorted((dict(zip(columns, row, strict=True)) for row in cursor.fetchall()), key=repr)


def _file(environment: dict[str, str]) -> Path:
    return Path(environment["DATA_DIR"]) / "aniworld.db"
