"""Lets claimers through one after the other where the database would have them poll."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection


@contextmanager
def turn() -> Iterator[None]:
    """Waits for this process's turn to claim. Nothing but speed depends on it: the claim itself is safe without.

    Those who wait for SQLite's one writer sleep longer and longer between two looks, up to a tenth of a second while
    it is long free. A file lock wakes them at once, and falls with its process, however that ends.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with (Path(settings.RUN_DIR) / "claims.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with _no_merge():
            yield


@contextmanager
def _no_merge() -> Iterator[None]:
    """Leaves the merging of SQLite's log to the next write of whoever: it takes ten times as long as a claim.

    By then the log is open to all others again, but these wait for the file.
    """
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA wal_autocheckpoint").fetchone()[0]
        cursor.execute("PRAGMA wal_autocheckpoint=0")
        try:
            yield
        finally:
            # A connection that broke meanwhile is closed, and the next one has its own setting.
            if connection.connection is not None:
                cursor.execute(f"PRAGMA wal_autocheckpoint={pages:d}")
