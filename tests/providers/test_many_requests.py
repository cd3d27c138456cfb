"""However many requests are in the log, what people look at reads only the newest of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aniworld.accounts.models import User
from providers import health, last_day, rollups
from tests.providers.measured import Action, ago, host, line, put

TABLE = "providers_requestlog"


def _reads_everything(ask: Callable[[], Any]) -> list[str]:
    """The statements that SQLite would carry out by going through the whole log."""
    with CaptureQueriesContext(connection) as queries:
        ask()
    found = []
    for query in queries:
        if TABLE not in query["sql"] or not query["sql"].startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            found += [query["sql"] for row in cursor.fetchall() if str(row[3]).startswith(f"SCAN {TABLE}")]
    return found


@pytest.mark.parametrize("ask", [health.of_all, last_day.of_all, lambda: health.of("voe"), rollups.roll_up])
def test_the_log_is_looked_up_by_time(db: None, ask: Callable[[], Any]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by what is in the table")
    row = host("voe")
    put(*(line(row, ago(hours=2), action=action) for action in (Action.RESOLVE, Action.DOWNLOAD)))
    assert _reads_everything(ask) == []


def test_the_list_in_the_admin_asks_for_no_summary_of_all_rows(db: None) -> None:
    put(line(host("voe"), ago(hours=2)))
    browser = Client()
    browser.force_login(User.objects.create_superuser("operator", password="x"))
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/admin/providers/requestlog/").status_code == 200
    assert not [query for query in queries if TABLE in query["sql"] and "DISTINCT" in query["sql"]]
