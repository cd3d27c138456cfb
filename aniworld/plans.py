"""How PostgreSQL plans what it is asked: quickly, and what all others wait for only once for a connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# Times after which a statement is kept without being asked for.
_NEVER = 2**31 - 1


def tell_new_connections() -> None:
    """Has each new connection know, from then on. By no option of connecting: PgBouncer takes none."""
    connection_created.connect(_without_compiling)


def _without_compiling(connection: BaseDatabaseWrapper, **_about: Any) -> None:
    # What is asked here is over before it would be compiled: a search of 100,000 rows took 2.4 s instead of 0.4.
    if connection.vendor != "postgresql" or getattr(connection.connection, "compiles_nothing", False):
        return
    with connection.cursor() as cursor:
        cursor.execute("SET jit TO off")
    # One of a pool is announced each time that it is lent.
    connection.connection.compiles_nothing = True


@contextmanager
def cursor() -> Iterator[Any]:
    """A cursor by which PostgreSQL plans each statement once for a connection; planning takes longer than the rest.

    Elsewhere a plain one. It is the driver's own: what Django's does beside is as much work again.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as plain:
            yield plain
        return
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw = connection.connection
    # None forbids it. None of Django's own statements is kept by that: each has its values in it.
    raw.prepare_threshold = _NEVER
    with connection.wrap_database_errors, _planning()(raw) as planning:
        yield planning


@cache
def _planning() -> type[Any]:
    from psycopg import Cursor

    class Planning(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            return super().execute(query, params, **{**options, "prepare": True})

    return Planning
