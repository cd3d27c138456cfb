"""The calendar with what the queue knows of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from downloads.models import QueueItem
from library import calendar
from library.calendar import Entry, Listed, Span


def listed(days: Span, *, today: date, monitored: bool | None = None) -> Listed:
    """As `library.calendar.listed`, with the episodes that are queued told as such; one query more."""
    found = calendar.listed(days, today=today, monitored=monitored)
    ids = {entry.episode_id for entry in found.entries if entry.state != calendar.ON_DISK and entry.episode_id}
    queued = (
        set(QueueItem.objects.live().filter(episode__in=ids).values_list("episode_id", flat=True)) if ids else set()
    )
    return Listed(list(calendar.with_queue(found.entries, queued)), found.truncated)


def shown(entry: Entry) -> dict[str, Any]:
    """An entry as the API tells it."""
    return {
        "date": entry.date,
        "kind": entry.kind,
        "series": {"key": entry.key, "name": entry.name},
        "season": entry.season,
        "episode": entry.number,
        "title": entry.title,
        "languages": list(entry.languages),
        "state": entry.state,
    }
