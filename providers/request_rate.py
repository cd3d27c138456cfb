"""Keeps a provider's `requests_per_minute`, counted over all processes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.utils import timezone

from providers.exceptions import RateLimited
from providers.models import Provider, RequestLog

_WINDOW = timedelta(minutes=1)


def wait_for_turn(row: Provider) -> None:
    """Waits until another request fits into the minute. Raises `RateLimited` when that exceeds the time limit."""
    rules = row.rules()
    if not rules.requests_per_minute:
        return
    until = time.monotonic() + rules.timeout_seconds
    while (free_at := _free_at(row, rules.requests_per_minute)) is not None:
        wait = (free_at - timezone.now()).total_seconds()
        if time.monotonic() + wait > until:
            raise RateLimited(
                f"{row.display_name} was asked as often as its requests per minute allow.", max(1.0, wait)
            )
        time.sleep(min(max(wait, 0.02), 1.0))


def _free_at(row: Provider, limit: int) -> datetime | None:
    """When the oldest of the last `limit` requests leaves the window; None when there is room now."""
    recent = RequestLog.objects.filter(provider=row, created_at__gt=timezone.now() - _WINDOW)
    times = (
        recent.exclude(action=RequestLog.Action.DOWNLOAD).order_by("-created_at").values_list("created_at", flat=True)
    )
    oldest = list(times[limit - 1 : limit])
    return oldest[0] + _WINDOW if oldest else None
