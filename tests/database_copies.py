"""A migrated database for whatever tests, made once on a machine and copied: to migrate anew takes seconds.

On PostgreSQL the one that is copied stays on the server, until there are other migrations.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
from psycopg import sql

from aniworld.environment import ROOT
from tests.database_servers import POSTGRESQL


def sqlite_there(folder: Path) -> None:
    """The database in a data folder that has none yet, as the product's own start would make it."""
    there = folder / "aniworld.db"
    if not there.exists():
        shutil.copyfile(_kept(), there)
        there.chmod(0o600)


def migrated(environment: Mapping[str, str]) -> None:
    """The database that a program of that environment will find, new on either kind."""
    url = environment.get("DATABASE_URL")
    if url and not postgresql_there(url):
        _migrate(environment)
    elif not url:
        sqlite_there(Path(environment["DATA_DIR"]))


def postgresql_there(url: str) -> bool:
    """The tables in a database that has none yet, by a copy in its place; False where somebody is connected to it."""
    place = urlsplit(url).path[1:]
    with psycopg.connect(url) as asked:
        row = asked.execute("SELECT to_regclass('django_migrations')").fetchone()
        if row and row[0]:
            return True
    name = sql.Identifier(place)
    with psycopg.connect(POSTGRESQL, autocommit=True) as server:
        if server.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", [place]).fetchone():
            return False
        kept = sql.Identifier(_kept_at(server))
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, kept))
    return True


def _kept_at(server: psycopg.Connection) -> str:
    """The name of the one that is copied. Whoever comes while another process makes it waits."""
    common = f"aniworld_migrated_{os.getuid()}_"
    kept, unfinished = f"{common}{_print_of_migrations()}", f"{common}unfinished"
    server.execute("SELECT pg_advisory_lock(hashtext(%s))", [common])
    try:
        rows = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [common])
        there = {str(row[0]) for row in rows}
        for other in there - {kept}:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(other)))
        if kept not in there:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            with tempfile.TemporaryDirectory() as folder:
                url = urlsplit(POSTGRESQL)._replace(path=f"/{unfinished}").geturl()
                _migrate({**os.environ, "DATA_DIR": folder, "DATABASE_URL": url, "DEMO": "off"})
            renamed = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            server.execute(renamed.format(sql.Identifier(unfinished), sql.Identifier(kept)))
    finally:
        server.execute("SELECT pg_advisory_unlock(hashtext(%s))", [common])
    return kept


@cache
def _kept() -> Path:
    """Another one for other migrations, and for each user of the machine."""
    place = Path(tempfile.gettempdir()) / f"aniworld-migrated-{os.getuid()}-{_print_of_migrations()}.db"
    if not place.exists():
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            _migrate({**os.environ, "DATA_DIR": folder, "DATABASE_URL": "", "DEMO": "off"})
            (Path(folder) / "aniworld.db").rename(place)
    return place


def _migrate(environment: Mapping[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=90)


@cache
def _print_of_migrations() -> str:
    said = hashlib.sha256(django.__version__.encode())
    own = [path for top in ("aniworld", "downloads", "integrations", "library", "providers") for path in _under(top)]
    for path in (ROOT / "requirements.txt", *own):
        said.update(path.read_bytes())
    return said.hexdigest()[:12]


def _under(top: str) -> list[Path]:
    return sorted((ROOT / top).glob("**/migrations/*.py"))
