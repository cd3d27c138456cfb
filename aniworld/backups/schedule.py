"""When the next backup is due, by the configuration: on one machine by its own, on several by who has made the last."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from aniworld import clock
from aniworld.backups import shelf
from aniworld.configuration import store
from library.models import Timetable
from library.rhythm import Rhythm

NAME = "backup"
_INTERVALS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
# A little more than making and proving one may take; and when one that failed is tried again, as on one machine.
_LONGEST, _AGAIN = timedelta(hours=1), timedelta(minutes=15)


def interval() -> timedelta | None:
    """The time between two backups; None when none is to be made."""
    return _INTERVALS.get(store.current().advanced.backup_schedule)


def next_at() -> datetime | None:
    """When the next one is due; None when none is to be made."""
    every, last = interval(), last_at()
    if every is None:
        return None
    return last + every if last else timezone.now()


def is_due() -> bool:
    """Whether it is time."""
    at = next_at()
    return at is not None and at <= timezone.now()


def last_at() -> datetime | None:
    """When the last one was made, here or by another machine."""
    newest, row = shelf.newest(), _made_by_any()
    made = [moment for moment in (newest and newest.made_at, row and row.ended_at) if moment]
    return max(made, default=None)


def made_by() -> tuple[str, datetime] | None:
    """Which machine made the last one by the schedule, and when; None where there is only one, or it is not known."""
    row = _made_by_any()
    return (row.message, row.ended_at) if row and row.ended_at else None


def take_turn() -> Timetable | None:
    """The right to make the one that is due, of all machines; None when another one has it."""
    every = interval()
    if every is None:
        return None
    rhythm = Rhythm(int(every.total_seconds() // 60))
    row = Timetable.keep(NAME, rhythm, first=timedelta(0))
    return row if row.claim(rhythm, clock.now(), _LONGEST) else None


def give_back(turn: Timetable, problem: str) -> None:
    """The turn is over. What failed is tried again soon, by whoever comes first."""
    if problem:
        turn.end(Timetable.Outcome.FAILED, problem, again_in=_AGAIN)
    else:
        turn.end(Timetable.Outcome.COMPLETED, socket.gethostname())


def _made_by_any() -> Timetable | None:
    if settings.EMBEDDED:
        return None
    return Timetable.objects.filter(pk=NAME, outcome=Timetable.Outcome.COMPLETED).first()
