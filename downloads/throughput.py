"""What arrived when, for a chart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from downloads.models import QueueItem

MOST_POINTS = 120
_MINUTE = timedelta(minutes=1)


def points(hours: int) -> list[dict[str, Any]]:
    """Bytes, mean speed and episodes that arrived, in equal stretches over the last `hours`, oldest first."""
    width = max(_MINUTE, timedelta(hours=hours) / MOST_POINTS)
    seconds = int(width.total_seconds())
    now = timezone.now()
    last = int(now.timestamp()) // seconds
    first = last - int(hours * 3600 // seconds) + 1
    sizes, counts = dict.fromkeys(range(first, last + 1), 0), dict.fromkeys(range(first, last + 1), 0)
    since = datetime.fromtimestamp(first * seconds, UTC)
    done = QueueItem.objects.order_by().filter(status=QueueItem.Status.COMPLETED, completed_at__gte=since)
    for moment, size in done.values_list("completed_at", "downloaded_bytes").iterator():
        stretch = int(moment.timestamp()) // seconds if moment else 0
        if stretch in sizes:
            sizes[stretch] += size
            counts[stretch] += 1
    return [
        {
            "time": datetime.fromtimestamp(stretch * seconds, UTC),
            "bytes": sizes[stretch],
            "speed": sizes[stretch] // seconds,
            "completed": counts[stretch],
        }
        for stretch in sizes
    ]


def arrivals_by_hour(hours: int) -> list[int]:
    """How many episodes arrived in each of the last `hours`, the present one last. One query."""
    now = timezone.now()
    since = now - timedelta(hours=hours)
    counts = [0] * hours
    done = QueueItem.objects.order_by().filter(status=QueueItem.Status.COMPLETED, completed_at__gt=since)
    for moment in done.values_list("completed_at", flat=True).iterator():
        if moment is not None and since < moment <= now:
            counts[hours - 1 - int((now - moment).total_seconds() // 3600)] += 1
    return counts
