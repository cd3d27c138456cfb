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
