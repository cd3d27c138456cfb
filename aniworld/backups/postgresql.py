"""PostgreSQL: dump, proof and restore by its own programs, which have to be installed."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg import sql

from aniworld.backups import shelf, trial
from aniworld.backups.refusals import BackupFailed, RestoreRefused

MAGIC = b"PGDMP"
# Seconds that a program of PostgreSQL may take.
_LONGEST = 3600
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
_SAFE_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "service", "passfile")


def dump(target: Path) -> dict[str, int]:
    """Writes one state of the database into `target`; answers how many rows each table has in that very state."""
    program = _program("pg_dump")
    with _connected() as server:
        server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot = server.execute("SELECT pg_export_snapshot()").fetchone()
        rows = _rows(server)
        wanted = ["--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data={trial.TASK_TABLES}*"]
        _run([program, *wanted, f"--snapshot={snapshot[0] if snapshot else ''}", f"--file={target}"])
    return rows


def prove(backup: shelf.Backup) -> None:
    """Restores it into a database of its own, and looks whether everything is there. Raises `BackupFailed`."""
    name = f"{_name()[:40]}_trial_{secrets.token_hex(4)}"
    with _made(name, backup):
        pass


def restore(backup: shelf.Backup) -> str:
    """Puts it in place of the database; answers the name under which the former one is kept.

    Nothing is changed before the new one was proved whole. Raises `BackupFailed`, `RestoreRefused`.
    """
    place, stamp = _name(), f"{timezone.now():%Y%m%dt%H%M%S}"
    fresh, beside = f"{place[:40]}_restored_{secrets.token_hex(4)}", f"{place[:40]}_before_{stamp}"
    connections.close_all()
    try:
        with _made(fresh, backup, strip=True):
            _swap(place, fresh, beside)
    except psycopg.errors.InsufficientPrivilege:
        raise BackupFailed(_no_right(backup)) from None
    return beside


def _swap(place: str, fresh: str, beside: str) -> None:
    with _connected("postgres", autocommit=True) as server:
        question = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        busy = server.execute(question, [place]).fetchone()
        if busy and busy[0]:
            text = ngettext(
                "%(count)d connection to the database %(name)s is open: stop every Aniworld on every machine first.",
                "%(count)d connections to the database %(name)s are open: stop every Aniworld on every machine first.",
                busy[0],
            )
            raise RestoreRefused(text % {"count": busy[0], "name": place})
        _rename(server, place, beside)
        try:
            _rename(server, fresh, place)
        except psycopg.Error:
            _rename(server, beside, place)
            raise


@contextmanager
def _made(name: str, backup: shelf.Backup, *, strip: bool = False) -> Iterator[None]:
    """A database with what is in the backup; removed in the end, unless it got another name meanwhile."""
    program = _program("pg_restore")
    try:
        with _connected(autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        raise BackupFailed(_no_right(backup)) from None
    try:
        wanted = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", f"--dbname={name}"]
        _run([program, *wanted, str(backup.path)])
        with _connected(name) as server:
            trial.compare(backup, _rows(server))
        with trial.database({"NAME": name, "CONN_MAX_AGE": 0}) as alias:
            trial.bring_up_to_date(alias)
            if strip:
                trial.strip(alias)
        yield
    finally:
        with _connected("postgres", autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _no_right(backup: shelf.Backup) -> str:
    text = _(
        "The database user may not make databases, which this needs: ALTER USER %(user)s CREATEDB. Or do it by hand, "
        "with everything stopped: createdb -T template0 %(name)s_new && pg_restore --no-owner "
        "--dbname=%(name)s_new %(file)s, and name the new database in DATABASE_URL."
    )
    return text % {"user": _parameters().get("user", ""), "name": _name(), "file": backup.path}


def _rename(server: psycopg.Connection[Any], old: str, new: str) -> None:
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _rows(server: psycopg.Connection[Any]) -> dict[str, int]:
    names = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1").fetchall()
    rows = {}
    for (name,) in names:
        if not name.startswith(trial.TASK_TABLES):
            counted = server.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            rows[name] = int(counted[0]) if counted else 0
    return rows


def _name() -> str:
    return str(connections["default"].settings_dict["NAME"])


def _parameters() -> dict[str, str]:
    """What a client of the database needs to know, by libpq's names."""
    known = connections["default"].settings_dict
    given = {
        "dbname": known["NAME"],
        "user": known.get("USER"),
        "password": known.get("PASSWORD"),
        "host": known.get("HOST"),
        "port": known.get("PORT"),
    }
    options = {name: value for name, value in known.get("OPTIONS", {}).items() if name in _SAFE_OPTIONS}
    return {name: str(value) for name, value in {**given, **options}.items() if value}


@contextmanager
def _connected(name: str = "", *, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
    parameters = _parameters() | ({"dbname": name} if name else {})
    try:
        with psycopg.connect(**parameters, connect_timeout=10, autocommit=autocommit) as server:  # type: ignore[arg-type]  # libpq takes text
            yield server
    except psycopg.errors.InsufficientPrivilege:
        raise
    except psycopg.Error as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BackupFailed(_("PostgreSQL refused: %s") % first) from None


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        text = _("%s was not found. Install PostgreSQL's client programs (Debian: apt install postgresql-client).")
        raise BackupFailed(text % name)
    return found


def _run(command: list[str]) -> None:
    """Runs a program of PostgreSQL. The password goes by the environment, which others do not see."""
    parameters = _parameters()
    known = {_VARIABLES.get(name, f"PG{name.upper()}"): value for name, value in parameters.items()}
    try:
        done = subprocess.run(
            command, env={**os.environ, **known}, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        text = _("%(program)s took longer than %(seconds)d s.") % {
            "program": Path(command[0]).name,
            "seconds": _LONGEST,
        }
        raise BackupFailed(text) from None
    if done.returncode:
        reason = (done.stderr.strip() or str(done.returncode)).splitlines()[0]
        raise BackupFailed(_("%(program)s failed: %(reason)s") % {"program": Path(command[0]).name, "reason": reason})
