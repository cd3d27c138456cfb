"""What is asked of PostgreSQL for each connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.migrated import database, run

ASKED = """
import django
django.setup()
from django.db import connection
for _time in range(2):
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        print(cursor.fetchone()[0])
    connection.close()
"""


@pytest.mark.processes
def test_nothing_is_compiled(tmp_path: Path) -> None:
    with database("postgresql", tmp_path, DJANGO_SETTINGS_MODULE="aniworld.settings") as environment:
        assert run(environment, "-c", ASKED).split() == ["off", "off"]


KEPT = """
import django
django.setup()
from django.db import connection
from aniworld import statements
asked = ("SELECT name, %s FROM plain_rows WHERE number = %s", ["text", 1])
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE plain_rows (number int, name varchar(9))")
    cursor.execute("INSERT INTO plain_rows VALUES (1, 'one')")
def answer():
    try:
        return statements.rows_of(("SELECT 0", []), asked)
    except django.db.DatabaseError:
        return "refused"
print(answer(), answer())
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM pg_prepared_statements")
    print(cursor.fetchone())
    cursor.execute("ALTER TABLE plain_rows ALTER name TYPE varchar(20)")
print(answer(), answer())
with connection.cursor() as cursor:
    cursor.execute("DEALLOCATE ALL")
print(answer(), answer())
connection.close()
print(answer())
"""


@pytest.mark.processes
def test_plans_are_kept_for_a_connection_and_made_anew_where_they_are_lost(tmp_path: Path) -> None:
    with database("postgresql", tmp_path, DJANGO_SETTINGS_MODULE="aniworld.settings") as environment:
        rows = "[[(0,)], [('one', 'text')]]"
        assert run(environment, "-c", KEPT).splitlines() == [
            f"{rows} {rows}",
            "(2,)",
            f"refused {rows}",
            f"refused {rows}",
            rows,
        ]
