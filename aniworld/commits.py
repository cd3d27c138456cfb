"""SQLite's cheap answer to the question whether anybody has written anything: no query, no lock, no page is read."""

from __future__ import annotations

from django.db import connection


def version() -> int:
    """A number that changes whenever another connection, of any process, has committed.

    It means something only beside another one told on the same connection of the same thread. SQLite only.
    """
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])
