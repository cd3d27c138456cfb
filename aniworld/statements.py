"""Statements put together once for a process, where putting them together takes Django longer than the database takes.

Only what all others wait for is worth it: a claim, and the events that are told of in its transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.backends.utils import CursorWrapper

from aniworld import kept_plans

M = TypeVar("M", bound=models.Model)
_Field: TypeAlias = "models.Field[Any, Any]"
_Answered: TypeAlias = Callable[[CursorWrapper], None]
_Sent: TypeAlias = tuple[str, Sequence[Any], _Answered]
_local = threading.local()
# How a column is compared that no row is to be sought by. PostgreSQL keeps plans, and one that was made for few rows
# would seek a row by its state, of which there may be 100,000 by now.
_COMPARED = {"sqlite": "=", "postgresql": "IS NOT DISTINCT FROM"}


class Loader(Generic[M]):
    """Makes instances of a model of what begins at a place of a row, as the ORM does: with each field's converters."""

    def __init__(self, model: type[M], begins_at: int) -> None:
        self._model = model
        fields = model._meta.concrete_fields
        self.columns = [field.column for field in fields]
        self.end = begins_at + len(fields)
        self._names = [field.attname for field in fields]
        self._slice = slice(begins_at, self.end)
        compiler = model._default_manager.all().query.get_compiler(DEFAULT_DB_ALIAS)
        columns = [field.get_col(model._meta.db_table) for field in fields]
        self._converters = compiler.get_converters(columns)

    def load(self, row: Sequence[Any]) -> M:
        """The instance that stands in `row`."""
        values = list(row[self._slice])
        for place, (converters, expression) in self._converters.items():
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values)


@dataclass(slots=True)
class Changed:
    """How many rows a change found; None as long as it is not done."""

    rows: int | None = None


@contextmanager
def together() -> Iterator[None]:
    """What is changed, put and inserted inside reaches PostgreSQL in one message, at the end of the block.

    Only then are keys and counts known. SQLite has no way to wait for, and does each at once, as is done outside of a
    transaction. Of one within another the outer one counts. No savepoint may be undone inside: what was kept back since
    would be sent all the same.
    """
    if connection.vendor != "postgresql" or not connection.in_atomic_block or _kept_back() is not None:
        yield
        return
    _local.kept_back = []
    try:
        yield
        waiting, _local.kept_back = _local.kept_back, None
        _send(waiting)
    finally:
        _local.kept_back = None


def rows_of(*asked: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
    """The rows that each statement answers with, given its parameters. Each sees what those before it did."""
    answers: list[list[tuple[Any, ...]]] = []
    _send(
        [(statement, parameters, lambda cursor: answers.append(cursor.fetchall())) for statement, parameters in asked]
    )
    return answers


def insert(row: models.Model) -> None:
    """Writes a new row, which has its key afterwards where the database gives it. No signal is sent."""
    statement, fields = _insertion(type(row), connection.vendor)

    def answered(cursor: CursorWrapper) -> None:
        row.pk = cursor.fetchone()[0]

    _do(statement, fields, [getattr(row, field.attname) for field in fields], answered)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def put(row: models.Model) -> None:
    """Writes a row under the key it has, in the place of one that stands there already. No signal is sent."""
    statement, fields = _replacement(type(row), connection.vendor)
    _do(statement, fields, [getattr(row, field.attname) for field in fields], lambda _cursor: None)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def change(model: type[models.Model], values: Mapping[str, Any], **where: Any) -> Changed:
    """Sets `values` in the rows that have those of `where`, by the names of fields.

    Unlike the update of a query set it takes no expressions and no null in `where`, and stamps no time.
    """
    if None in where.values():
        # One database would find the rows that have none, another one no row.
        raise ValueError("nothing is found by null")
    statement, fields = _update(model, connection.vendor, tuple(values), tuple(where))
    changed = Changed()

    def answered(cursor: CursorWrapper) -> None:
        changed.rows = cursor.rowcount

    _do(statement, fields, [*values.values(), *where.values()], answered)
    return changed


def _do(statement: str, fields: Sequence[_Field], values: Sequence[Any], answered: _Answered) -> None:
    given = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
    waiting = _kept_back()
    if waiting is not None:
        waiting.append((statement, given, answered))
    else:
        _send([(statement, given, answered)])


def _kept_back() -> list[_Sent] | None:
    """What this thread has not sent yet; None when it sends each at once."""
    waiting: list[_Sent] | None = getattr(_local, "kept_back", None)
    return waiting


def _send(each: Sequence[_Sent]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and each:
            kept_plans.ask(cursor, *((statement, given) for statement, given, _answered in each))
        for place, (statement, given, answered) in enumerate(each):
            if connection.vendor != "postgresql":
                cursor.execute(statement, given)
            elif place:
                cursor.nextset()
            answered(cursor)


@cache
def _insertion(model: type[models.Model], _vendor: str) -> tuple[str, list[_Field]]:
    key = model._meta.pk
    # Every field but a key that the database counts; null would be a key to PostgreSQL.
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    return f"{_into(model, fields)} RETURNING {_quoted(key)}", fields


@cache
def _replacement(model: type[models.Model], _vendor: str) -> tuple[str, list[_Field]]:
    fields, key = list(model._meta.concrete_fields), _quoted(model._meta.pk)
    others = ", ".join(f"{_quoted(field)} = excluded.{_quoted(field)}" for field in fields if not field.primary_key)
    return f"{_into(model, fields)} ON CONFLICT ({key}) DO UPDATE SET {others}", fields


@cache
def _update(
    model: type[models.Model], vendor: str, values: tuple[str, ...], where: tuple[str, ...]
) -> tuple[str, list[_Field]]:
    named = {field.name: field for field in model._meta.concrete_fields}
    fields = [named[name] for name in (*values, *where)]
    assigned = ", ".join(f"{_quoted(named[name])} = %s" for name in values)
    equals = _COMPARED[vendor]
    asked = " AND ".join(f"{_quoted(named[name])} {'=' if named[name].primary_key else equals} %s" for name in where)
    table = connection.ops.quote_name(model._meta.db_table)
    return f"UPDATE {table} SET {assigned} WHERE {asked}", fields  # noqa: S608 - quoted names of a model's fields


def _into(model: type[models.Model], fields: Sequence[_Field]) -> str:
    columns = ", ".join(_quoted(field) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table = connection.ops.quote_name(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - quoted names of a model's fields


def _quoted(field: _Field) -> str:
    return connection.ops.quote_name(str(field.column))
