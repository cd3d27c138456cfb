"""When the next backup is due, by the configuration."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from aniworld.backups import shelf
from aniworld.configuration import store

_INTERVALS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}


def interval() -> timedelta | None:
    """The time between two backups; None when none is to be made."""
    return _INTERVALS.get(store.current().advanced.backup_schedule)


def next_at() -> datetime | None:
    """When the next one is due; None when none is to be made."""
    every, newest = interval(), shelf.newest()
    if every is None:
        return None
    return newest.made_at + every if newest else timezone.now()


def is_due() -> bool:
    """Whether it is time."""
    at = next_at()
    return at is not None and at <= timezone.now()
