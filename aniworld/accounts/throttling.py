"""Counts tries in the database, so that all processes share one count. Conditional updates decide, not reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.accounts.models import Throttle
from aniworld.refusals import SlowDown

TRIES_BEFORE_LOCK = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=24)


def _refuse(until: datetime, now: datetime) -> None:
    seconds = max(1, ceil((until - now).total_seconds()))
    raise SlowDown(_("Too many tries. Try again in %d seconds.") % seconds, retry_after=seconds)


def _row(bucket: str, now: datetime) -> Throttle:
    return Throttle.objects.get_or_create(bucket=bucket, defaults={"window_started_at": now})[0]


def count(bucket: str, limit: int, window: timedelta) -> None:
    """Counts one try of `bucket`. Raises `SlowDown` once there were `limit` within `window`."""
    now = timezone.now()
    row = _row(bucket, now)
    # Both statements look at the row again under its lock: of many at once exactly `limit` get through.
    Throttle.objects.filter(pk=row.pk, window_started_at__lte=now - window).update(count=0, window_started_at=now)
    if not Throttle.objects.filter(pk=row.pk, count__lt=limit).update(count=F("count") + 1):
        # It may be gone by now, unlocked by an administrator.
        started = Throttle.objects.filter(pk=row.pk).values_list("window_started_at", flat=True).first()
        _refuse((started or now) + window, now)


def lock_after(failures: int) -> timedelta | None:
    """For how long the next try is refused after so many failures: a minute, then twice as long each time."""
    if failures < TRIES_BEFORE_LOCK:
        return None
    doublings = min(failures - TRIES_BEFORE_LOCK, 20)
    return min(FIRST_LOCK * int(2**doublings), LONGEST_LOCK)


def take_try(bucket: str) -> None:
    """Books one failure of `bucket` beforehand; `succeeded` takes it back. Raises `SlowDown` while it is locked.

    Booking first means that guesses sent all at once are counted like guesses one after the other. A day without a
    try is forgotten.
    """
    while True:
        now = timezone.now()
        row = _row(bucket, now)
        if row.blocked_until and row.blocked_until > now:
            _refuse(row.blocked_until, now)
        failures = 1 if row.window_started_at < now - LONGEST_LOCK else row.count + 1
        lock = lock_after(failures)
        booked = Throttle.objects.filter(pk=row.pk, count=row.count, blocked_until=row.blocked_until).update(
            count=failures, window_started_at=now, blocked_until=now + lock if lock else None
        )
        if booked:
            return


def succeeded(bucket: str) -> None:
    """Forgets the failures of `bucket`."""
    Throttle.objects.filter(bucket=bucket).delete()


def prune() -> int:
    """Deletes counts that nobody needs any more; answers how many."""
    return Throttle.objects.filter(window_started_at__lt=timezone.now() - 2 * LONGEST_LOCK).delete()[0]
