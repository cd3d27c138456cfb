"""How providers have done: their requests in numbers, now and over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from providers import health_history, rollups, score
from providers.health_history import HealthPoint
from providers.lookup import named
from providers.models import Provider, ProviderStatus, RequestHour, RequestLog
from providers.rollups import share

__all__ = ["HealthPoint", "HealthRecord", "history", "of", "of_all", "reset", "summary"]

# What the uptime looks back on.
WINDOW = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class HealthRecord:
    """What a provider's requests came to since the last reset; checks are not counted.

    Rates are percent and times milliseconds; None where nothing was measured. Times are those of requests that are no
    downloads; of hours gone the 95th percentile is the mean of theirs. `throughput` is bytes per second of successful
    downloads, by language. `uptime_percentage` is the share of the last 60 minutes' requests that succeeded.
    """

    total_requests: int = 0
    successful_requests: int = 0
    failed_requests: int = 0
    success_rate: float | None = None
    average_response_time_ms: float | None = None
    p95_response_time_ms: float | None = None
    consecutive_failures: int = 0
    total_bytes_downloaded: int = 0
    throughput: dict[str, float] = field(default_factory=dict)
    uptime_percentage: float | None = None
    last_error: str = ""
    last_error_time: datetime | None = None
    last_check: datetime | None = None


def of(provider: str) -> HealthRecord:
    """One provider's record. Raises `NotThere`."""
    row = named(provider)
    return _records([row.pk])[row.name]


def of_all() -> dict[str, HealthRecord]:
    """Every provider's, by name, in a constant number of queries."""
    return _records()


def history(provider: str, hours: int = 24) -> list[HealthPoint]:
    """Points of equal distance over the last `hours`, oldest first. Raises `NotThere`, `Invalid`."""
    return health_history.history(named(provider), hours)


def summary() -> dict[str, Any]:
    """All providers together, and each one's record as a dict. A provider is available while it may be tried."""
    records = of_all()
    available = sum(row.is_usable for row in Provider.objects.select_related("status_record"))
    total = sum(record.total_requests for record in records.values())
    successful = sum(record.successful_requests for record in records.values())
    times = [record.average_response_time_ms for record in records.values()]
    measured = [one for one in times if one is not None]
    return {
        "total_providers": len(records),
        "available_providers": available,
        "availability_percentage": share(available, len(records)),
        "total_requests": total,
        "successful_requests": successful,
        "failed_requests": total - successful,
        "success_rate": share(successful, total),
        "average_response_time_ms": sum(measured) / len(measured) if measured else None,
        "total_bytes_downloaded": sum(record.total_bytes_downloaded for record in records.values()),
        "providers": {name: asdict(record) for name, record in records.items()},
    }


def reset(provider: str) -> None:
    """Forgets what a provider's requests came to. Raises `NotThere`."""
    row = named(provider)
    # Most of it in pieces, so that nobody waits; then what came meanwhile together with the hours.
    RequestLog.forget(row)
    with transaction.atomic():
        rollups.hold(row)
        RequestLog.objects.filter(provider=row).delete()
        RequestHour.objects.filter(provider=row).delete()
    score.forget()


@dataclass(slots=True)
class _Sums:
    """What hours and requests of one provider add up to."""

    requests: int = 0
    successful: int = 0
    timed: int = 0
    milliseconds: float = 0.0
    slow: float = 0.0
    bytes: int = 0
    recent: int = 0
    recent_successful: int = 0
    sizes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, row: dict[str, Any]) -> None:
        """A line of sums by language."""
        self.requests += row["sum_requests"]
        self.successful += row["sum_successful"]
        self.timed += row["sum_requests"] - row["sum_downloads"]
        self.milliseconds += row["sum_response_ms_total"]
        self.slow += row.get("sum_p95", 0.0)
        self.bytes += row["sum_bytes"]
        self.recent += row.get("recent", 0)
        self.recent_successful += row.get("recent_successful", 0)
        self.sizes[row["language"]] += row["sum_download_bytes"]
        self.seconds[row["language"]] += row["sum_download_seconds"]

    def record(self) -> HealthRecord:
        """As a record without what is asked for elsewhere."""
        return HealthRecord(
            total_requests=self.requests,
            successful_requests=self.successful,
            failed_requests=self.requests - self.successful,
            success_rate=share(self.successful, self.requests),
            average_response_time_ms=self.milliseconds / self.timed if self.timed else None,
            p95_response_time_ms=self.slow / self.timed if self.timed else None,
            total_bytes_downloaded=self.bytes,
            throughput={name: self.sizes[name] / seconds for name, seconds in self.seconds.items() if seconds > 0},
            uptime_percentage=share(self.recent_successful, self.recent),
        )


def _records(only: Collection[int] = ()) -> dict[str, HealthRecord]:
    """By name, of all providers or only of some."""
    sums = _sums(only)
    rows: list[Any] = list(_with_outcomes(only))
    errors = RequestLog.objects.in_bulk([row.newest_failure for row in rows if row.newest_failure])
    records = {}
    for row in rows:
        status: ProviderStatus | None = getattr(row, "status_record", None)
        error = errors.get(row.newest_failure)
        records[row.name] = replace(
            sums[row.pk].record(),
            consecutive_failures=row.failures_since,
            last_error=error.error_message or error.error_code if error else "",
            last_error_time=error.created_at if error else None,
            last_check=status.last_check if status else None,
        )
    return records


def _sums(only: Collection[int]) -> dict[int, _Sums]:
    """By provider: the hours, and the requests since; both from one moment that is read first."""
    now = timezone.now()
    until = rollups.counted_until(now)
    unrolled, recent = Q(created_at__gte=until), Q(created_at__gte=now - WINDOW)
    mine = Q(provider__in=only) if only else Q()
    hours = RequestHour.objects.filter(mine, hour__lt=until).order_by().values("provider", "language")
    rows = rollups.requests_since(min(until, now - WINDOW)).filter(mine).values("provider", "language")
    counted = rows.annotate(
        **rollups.of_requests(unrolled),
        recent=Count("pk", filter=recent),
        recent_successful=Count("pk", filter=recent & Q(successful=True)),
    )
    sums: dict[int, _Sums] = defaultdict(_Sums)
    lines: list[Any] = [*hours.annotate(**rollups.of_hours()), *counted]
    for row in lines:
        sums[row["provider"]].add(row)
    for line in rollups.slowest_twentieth(rollups.requests_since(until).filter(mine), "provider"):
        sums[line["provider"]].slow += line["response_time_ms"] * line["among"]
    return sums


def _with_outcomes(only: Collection[int]) -> QuerySet[Provider]:
    """The providers with the id of the newest failed request, and the number of those after the newest success."""
    mine = rollups.requests().filter(provider=OuterRef("pk")).order_by("-created_at")
    success = mine.filter(successful=True).values("created_at")[:1]
    since = Coalesce(OuterRef("newest_success"), Value(RequestHour.BEFORE))
    failures = mine.filter(successful=False, created_at__gt=since).order_by().values("provider")
    rows = Provider.objects.filter(pk__in=only) if only else Provider.objects.all()
    return rows.select_related("status_record").annotate(
        newest_success=Subquery(success),
        newest_failure=Subquery(mine.filter(successful=False).values("pk")[:1]),
        failures_since=Coalesce(Subquery(failures.annotate(n=Count("pk")).values("n")), 0),
    )
