"""Many rows in no time: one is made as the product makes it, and the database itself repeats it."""

from __future__ import annotations

from django.db import connection, models


def sow(pattern: models.Model, rows: str, **columns: str) -> None:
    """As many rows like `pattern` as the query `rows` has; `columns` are expressions of the query's own columns."""
    fields = [field.column for field in pattern._meta.concrete_fields if not isinstance(field, models.AutoField)]
    values = [columns.get(str(field), f'pattern."{field}"') for field in fields]
    table, names = pattern._meta.db_table, ", ".join(f'"{field}"' for field in fields)
    with connection.cursor() as cursor:
        # Without parameters, so that % is an operator.
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "
            f"FROM ({rows}) AS rows, {table} AS pattern WHERE pattern.id = {pattern.pk}"
        )


def numbers(count: int) -> str:
    """The query of the numbers from 0 to below `count`, as `n`."""
    counted = f"SELECT 0 AS n UNION ALL SELECT n + 1 FROM counted WHERE n < {count - 1}"
    return f"WITH RECURSIVE counted AS ({counted}) SELECT n FROM counted"


def ago(seconds: str) -> str:
    """The moment so many seconds ago, an expression, as Django stores it."""
    if connection.vendor == "postgresql":
        return f"now() - ({seconds}) * interval '1 second'"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({seconds}) || ' seconds')"


def tidy() -> None:
    """As PostgreSQL's own autovacuum does after a while; nobody does so to SQLite."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
