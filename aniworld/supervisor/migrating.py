"""Brings the database up to date, one process at a time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from aniworld.supervisor import linux

# Any fixed number will do; it has only to be the same in every process of every machine.
_ADVISORY_LOCK = 7_230_811_412
WAIT_SECONDS = 120.0
# A database server that starts at the same time as we do.
DATABASE_SECONDS = 30.0


class DatabaseUnavailable(Exception):
    """It does not answer, or somebody else migrates for too long."""


def wait_for_database(seconds: float = DATABASE_SECONDS) -> None:
    """Returns as soon as the database answers. Raises `DatabaseUnavailable` when it does not in time."""
    deadline = time.monotonic() + (0 if settings.EMBEDDED else seconds)
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() >= deadline:
                raise DatabaseUnavailable(str(error).strip().splitlines()[0]) from None
            time.sleep(0.5)
        else:
            return


def migrate_apart() -> int:
    """As `migrate`, in a fork that ends after it: the history of the models takes 10 MB, which never come back."""
    # A connection must not be shared with the fork.
    connections.close_all()
    with ProcessPoolExecutor(1, get_context("fork"), linux.die_with_parent) as fork:
        return fork.submit(migrate).result()


def migrate() -> int:
    """Applies what is missing, and answers how much that was."""
    with alone():
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        return len(plan)


@contextmanager
def alone() -> Iterator[None]:
    """One process of all machines at a time. Raises `DatabaseUnavailable` when it waits for too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    with _advisory_lock(deadline) if connection.vendor == "postgresql" else _file_lock(deadline):
        yield


@contextmanager
def _advisory_lock(deadline: float) -> Iterator[None]:
    with connection.cursor() as cursor:
        while not _answer(cursor, "SELECT pg_try_advisory_lock(%s)"):
            _wait_until(deadline)
        try:
            yield
        finally:
            _answer(cursor, "SELECT pg_advisory_unlock(%s)")


def _answer(cursor: object, statement: str) -> bool:
    cursor.execute(statement, [_ADVISORY_LOCK])  # type: ignore[attr-defined]  # Django's cursor wrapper, which has no public type
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]  # as above


@contextmanager
def _file_lock(deadline: float) -> Iterator[None]:
    with (settings.RUN_DIR / "up-migrate.lock").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                _wait_until(deadline)
        yield


def _wait_until(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise DatabaseUnavailable(f"another process has been migrating it for {WAIT_SECONDS:.0f} s")
    time.sleep(0.2)
