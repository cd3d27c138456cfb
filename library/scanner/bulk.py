"""Writes and reads many rows without an object for each: a first scan writes half a million of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

from library.models import EpisodeFile

# Rows in one statement on PostgreSQL, and values in a condition on either.
_AT_ONCE = 500


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Inserts rows of these fields; every other field has its default. What a constraint refuses is left out."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    given = {name: place for place, name in enumerate(names)}
    order = [given.get(field.attname) for field in fields]
    defaults = [_prepared(field, _default(field)) for field in fields]
    pattern = list(zip(order, defaults, strict=True))
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    head = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) VALUES "  # noqa: S608 - names of our own
    _insert(
        head,
        len(fields),
        ([default if place is None else row[place] for place, default in pattern] for row in rows),
    )


def prepared(model: type[models.Model], name: str) -> Callable[[Any], Any]:
    """What turns a value of that field into what the database takes."""
    field: Any = model._meta.get_field(name)
    return lambda value: _prepared(field, value)


def known_files(low: str, high: str | None) -> list[tuple[str, int, float]]:
    """(path, size, mtime) of every file with low ≤ path < high, bytes compared; without `high`, to the end."""
    # By the index of paths; on PostgreSQL the one that Django makes for patterns, whose order is that of the bytes.
    least, less = ("~>=~", "~<~") if connection.vendor == "postgresql" else (">=", "<")
    table = connection.ops.quote_name(EpisodeFile._meta.db_table)
    sql = f"SELECT path, size, mtime FROM {table} WHERE path {least} %s"  # noqa: S608 - names of our own
    values = [low] if high is None else [low, high]
    with connection.cursor() as cursor:
        cursor.execute(sql if high is None else f"{sql} AND path {less} %s", values)
        found: list[tuple[str, int, float]] = cursor.fetchall()
    return found


def change(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Runs one statement for every row of values."""
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(rows))


def _insert(head: str, width: int, rows: Iterable[list[Any]]) -> None:
    marks, tail = f"({', '.join(['%s'] * width)})", " ON CONFLICT DO NOTHING"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(head + marks + tail, list(rows))
            return
        waiting = iter(rows)
        while some := list(islice(waiting, _AT_ONCE)):
            values = [value for row in some for value in row]
            cursor.execute(head + ", ".join([marks] * len(some)) + tail, values)


def _default(field: Any) -> Any:
    # As on a new object; `auto_now` has no default of its own.
    return field.pre_save(field.model(), add=True)


def _prepared(field: Any, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)
