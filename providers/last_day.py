"""The last 24 hours of every provider by the hour, for small drawings of many at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from providers import rollups
from providers.models import RequestHour, RequestLog
from providers.rollups import HOUR, share

HOURS = 24


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """What was asked in one hour, from `time` on. Rates are percent, times milliseconds; None without requests."""

    time: datetime
    requests: int = 0
    success_rate: float | None = None
    average_response_time_ms: float | None = None


def of_all() -> dict[int, list[HourOfDay]]:
    """By the id of the provider, oldest first, in three queries; a provider that was not asked is missing."""
    now = timezone.now()
    first = rollups.beginning(now) - (HOURS - 1) * HOUR
    until = rollups.counted_until(now)
    sums: dict[int, dict[datetime, dict[str, Any]]] = defaultdict(dict)
    for row in [*_rolled_up(first, until), *_since(max(first, until))]:
        sums[row["provider"]][row["moment"]] = row
    return {provider: [_hour(first + n * HOUR, hours) for n in range(HOURS)] for provider, hours in sums.items()}


def _rolled_up(first: datetime, until: datetime) -> list[dict[str, Any]]:
    hours = RequestHour.objects.filter(hour__gte=first, hour__lt=until).order_by().values("provider", "hour")
    counted = hours.annotate(
        asked=Sum("requests"),
        answered=Sum("successful"),
        timed=Sum("requests") - Sum("downloads"),
        milliseconds=Sum("response_ms_total"),
    )
    return [{**row, "moment": row["hour"]} for row in counted]


def _since(first: datetime) -> list[dict[str, Any]]:
    """The same of hours that are not rolled up yet."""
    timed = ~Q(action=RequestLog.Action.DOWNLOAD)
    rows = rollups.requests_since(first).annotate(slot=rollups.Slot("created_at", 3600))
    counted = rows.values("provider", "slot").annotate(
        asked=Count("pk"),
        answered=Count("pk", filter=Q(successful=True)),
        timed=Count("pk", filter=timed),
        milliseconds=Coalesce(Sum("response_time_ms", filter=timed), 0.0),
    )
    return [{**row, "moment": RequestHour.BEFORE + timedelta(hours=row["slot"])} for row in counted]


def _hour(moment: datetime, hours: dict[datetime, dict[str, Any]]) -> HourOfDay:
    row = hours.get(moment)
    if row is None:
        return HourOfDay(moment)
    mean = row["milliseconds"] / row["timed"] if row["timed"] else None
    return HourOfDay(moment, row["asked"], share(row["answered"], row["asked"]), mean)
