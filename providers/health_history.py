"""A provider's requests over time, for charts: short times from the requests themselves, long ones by the hour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid
from providers import rollups
from providers.models import Provider, RequestHour
from providers.rollups import share

MOST_HOURS = 3650 * 24
MOST_POINTS = 130
_MINUTES = (1, 5, 15)
# So far back a chart may be finer than an hour.
_FINE_HOURS = 6


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """A provider's requests over one stretch of a chart that begins at `time`; units as in `HealthRecord`.

    A stretch without requests has zeros and None.
    """

    time: datetime
    requests: int = 0
    successful: int = 0
    success_rate: float | None = None
    average_response_time_ms: float | None = None
    p95_response_time_ms: float | None = None
    bytes: int = 0
    throughput: float | None = None
    uptime_percentage: float | None = None


def history(provider: Provider, hours: int) -> list[HealthPoint]:
    """Points of equal distance over the last `hours`, oldest first. Raises `Invalid`."""
    if not 1 <= hours <= MOST_HOURS:
        raise Invalid(_("Between 1 and %(most)d hours can be shown.") % {"most": MOST_HOURS})
    seconds, now = _width(hours), timezone.now()
    last = int(now.timestamp()) // seconds
    first = last - (hours * 3600 - 1) // seconds
    since = datetime.fromtimestamp(first * seconds, UTC)
    sums = _fine(provider, since, seconds) if seconds < 3600 else _coarse(provider, since, seconds, now)
    return [_point(slot * seconds, sums.get(slot)) for slot in range(first, last + 1)]


def _width(hours: int) -> int:
    """Seconds of a stretch: as fine as makes sense, and not more points than a chart can show."""
    if hours <= _FINE_HOURS:
        return 60 * next(minutes for minutes in _MINUTES if hours * 60 / minutes <= MOST_POINTS)
    return 3600 * -(-hours // MOST_POINTS)


Sums = dict[int, dict[str, Any]]


def _fine(provider: Provider, since: datetime, seconds: int) -> Sums:
    rows = rollups.requests().filter(provider=provider, created_at__gte=since)
    rows = rows.annotate(slot=rollups.Slot("created_at", seconds))
    lines: Any = rows.values("slot").annotate(**rollups.of_requests())
    sums: Sums = {line["slot"]: line for line in lines}
    for line in rollups.slowest_twentieth(rows, "slot"):
        sums[line["slot"]]["sum_p95"] = line["response_time_ms"] * line["among"]
    return sums


def _coarse(provider: Provider, since: datetime, seconds: int, now: datetime) -> Sums:
    """Hours, and the requests after them."""
    until = rollups.counted_until(now)
    rows = RequestHour.objects.filter(provider=provider, hour__gte=since, hour__lt=until).order_by()
    slotted = rows.annotate(slot=rollups.Slot("hour", seconds)).values("slot")
    sums: Sums = defaultdict(lambda: defaultdict(float))
    fresh = _fine(provider, max(since, until), seconds)
    for row in [*slotted.annotate(**rollups.of_hours()), *fresh.values()]:
        into = sums[row["slot"]]
        for name, value in row.items():
            into[name] += value
    return sums


def _point(second: int, row: dict[str, Any] | None) -> HealthPoint:
    time = datetime.fromtimestamp(second, UTC)
    if not row:
        return HealthPoint(time)
    timed = row["sum_requests"] - row["sum_downloads"]
    rate = share(row["sum_successful"], row["sum_requests"])
    return HealthPoint(
        time=time,
        requests=int(row["sum_requests"]),
        successful=int(row["sum_successful"]),
        success_rate=rate,
        average_response_time_ms=row["sum_response_ms_total"] / timed if timed else None,
        p95_response_time_ms=row.get("sum_p95", 0.0) / timed if timed else None,
        bytes=int(row["sum_bytes"]),
        throughput=row["sum_download_bytes"] / row["sum_download_seconds"] if row["sum_download_seconds"] else None,
        uptime_percentage=rate,
    )
