"""The one time that every machine reckons leases with: PostgreSQL's, or on SQLite this machine's own.

Clocks of machines drift apart by seconds. A machine whose clock is ahead would believe the leases of the others to have
run out, and take their work away. So what is compared across machines is told in the database's time: it is asked
for now and then, and carried on by the monotonic clock, which nobody sets.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

# Seconds until the database is asked again; a monotonic clock is off by far less than a second by then.
_GOOD_FOR = 60.0
# Seconds until one that did not answer is asked again: where it can't be reached, each try takes seconds by itself.
_REST = 5.0
_ANSWERS = 4
# When it was asked, by the monotonic clock, and what it said.
_told: tuple[float, datetime] | None = None
_rests_until = 0.0


def now() -> datetime:
    """The database's time. While the database is away, or has not been asked yet, what is known of it."""
    global _told, _rests_until
    if connection.vendor != "postgresql":
        return timezone.now()
    ticks = time.monotonic()
    if (_told is None or ticks - _told[0] > _GOOD_FOR) and ticks >= _rests_until:
        try:
            _told = _ask()
        except DatabaseError:
            # Whoever asks is about to find out by itself.
            _rests_until = time.monotonic() + _REST
    if _told is None:
        return timezone.now()
    at, said = _told
    return said + timedelta(seconds=time.monotonic() - at)


def _ask() -> tuple[float, datetime]:
    """The quickest of some answers, which can be off by half of the way there and back at most.

    The first one does not count: it also makes the connection and begins the transaction.
    """
    with connection.cursor() as cursor:
        answers = [_answer(cursor) for _each in range(_ANSWERS)]
    _took, at, said = min(answers[1:])
    return at, said


def _answer(cursor: CursorWrapper) -> tuple[float, float, datetime]:
    """Seconds that it took, the middle of them by the monotonic clock, and what the database said."""
    began = time.monotonic()
    cursor.execute("SELECT clock_timestamp()")
    said: datetime = cursor.fetchone()[0]
    ended = time.monotonic()
    return ended - began, (began + ended) / 2, said
