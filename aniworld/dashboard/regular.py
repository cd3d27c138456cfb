"""What runs by itself, and when next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from aniworld.scheduler import status

_MOST = 8
# What comes so soon comes all the time, and says little.
_SOON = timedelta(seconds=90)


def facts(_request: HttpRequest) -> dict[str, Any]:
    """The next ones."""
    soon = timezone.now() + _SOON
    due = [one for one in status.schedules() if one.enabled and one.next_run]
    later = sorted((one for one in due if one.next_run and one.next_run > soon), key=lambda one: str(one.next_run))
    shown = later[:_MOST] or due[:_MOST]
    return {"schedules": shown, "schedules_often": len(due) - len(later) if later else 0}
