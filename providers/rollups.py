"""Requests by the hour: rolled up, added up with the requests of which no hour is kept yet, and pruned.

Everything before the end of the newest hour rolled up is counted by its hours, everything after by its requests, so
nothing is counted twice, whenever the roll-up comes. Hours are rolled up whole and replace what is there: running it
twice, late or in two processes changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Count, F, Func, Max, OuterRef, Q, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce, RowNumber
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from aniworld.configuration import store
from providers.models import Provider, RequestHour, RequestLog

HOUR = timedelta(hours=1)
# Single requests are kept no longer than this; charts of longer times show hours.
RAW_DAYS = 3
# An hour is over for good this long after its end: requests are written up to half a second late.
_LATE = timedelta(minutes=2)
# So far back hours are rolled up once more, for requests that a busy database took even later.
_AGAIN = timedelta(hours=6)
# The figures of an hour that are plain sums.
FIGURES = ("requests", "successful", "response_ms_total", "downloads", "successful_downloads", "download_bytes",
           "download_seconds", "lost_seconds", "bytes")  # fmt: skip

_DOWNLOAD = Q(action=RequestLog.Action.DOWNLOAD)
_ALL = Q(pk__isnull=False)


class Slot(Func):
    """The number of the stretch of so many seconds that a time falls into, counted from 1970."""

    output_field = BigIntegerField()

    def __init__(self, moment: str, seconds: int) -> None:
        super().__init__(F(moment), seconds=seconds)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """SQLite keeps times as text."""
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / %(seconds)s"
        return self.as_sql(compiler, connection, **{**context, "template": template})

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """PostgreSQL knows the type."""
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(seconds)s)::bigint"
        return self.as_sql(compiler, connection, **{**context, "template": template})


def share(part: float, whole: float) -> float | None:
    """Percent; None of nothing."""
    return 100.0 * part / whole if whole else None


def requests() -> QuerySet[RequestLog]:
    """What is counted: everything but checks."""
    return RequestLog.objects.exclude(action=RequestLog.Action.CHECK).order_by()


def requests_since(moment: datetime) -> QuerySet[RequestLog]:
    """The same from a time on, for sums by provider.

    The providers are named, so that SQLite looks each one up by the time: to group by them it would read the whole log.
    """
    return requests().filter(provider__in=Provider.objects.order_by().values("pk"), created_at__gte=moment)


def of_requests(when: Q = _ALL) -> dict[str, Any]:
    """The figures of requests as aggregates, each named `sum_…`."""
    good, bad = Q(successful=True), Q(successful=False)
    seconds = F("response_time_ms") / 1000.0
    return {
        "sum_requests": Count("pk", filter=when),
        "sum_successful": Count("pk", filter=when & good),
        "sum_response_ms_total": Coalesce(Sum("response_time_ms", filter=when & ~_DOWNLOAD), 0.0),
        "sum_downloads": Count("pk", filter=when & _DOWNLOAD),
        "sum_successful_downloads": Count("pk", filter=when & _DOWNLOAD & good),
        "sum_download_bytes": Coalesce(Sum("bytes", filter=when & _DOWNLOAD & good), 0),
        "sum_download_seconds": Coalesce(Sum(seconds, filter=when & _DOWNLOAD & good), 0.0),
        "sum_lost_seconds": Coalesce(Sum(seconds, filter=when & _DOWNLOAD & bad), 0.0),
        "sum_bytes": Coalesce(Sum("bytes", filter=when), 0),
    }


def of_hours() -> dict[str, Any]:
    """The same of hours, and the 95th percentiles, each by its weight."""
    weighed = F("response_ms_p95") * (F("requests") - F("downloads"))
    return {f"sum_{name}": Sum(name) for name in FIGURES} | {"sum_p95": Coalesce(Sum(weighed), 0.0)}


def slowest_twentieth(rows: QuerySet[RequestLog], *by: str) -> QuerySet[RequestLog, Any]:
    """The 95th percentile of each group's response times, as `response_time_ms`, with `among`, how many it has."""
    group = [F(name) for name in by]
    ranked = rows.exclude(_DOWNLOAD).annotate(
        rank=Window(RowNumber(), partition_by=group, order_by="response_time_ms"),
        among=Window(Count("pk"), partition_by=group),
    )
    over = ranked.annotate(over=F("rank") * 20 - F("among") * 19).filter(over__gte=0, over__lt=20)
    found: QuerySet[RequestLog, Any] = over.values(*by, "response_time_ms", "among")
    return found


def counted_until(now: datetime) -> datetime:
    """Before this, hours count; from it on, requests do."""
    newest = RequestHour.objects.filter(hour__lte=now).aggregate(newest=Max("hour"))["newest"]
    return newest + HOUR if newest else RequestHour.BEFORE


def beginning(moment: datetime) -> datetime:
    """Of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def roll_up() -> str:
    """Brings the hours up to the last one that is over. What was rolled up lately is done again."""
    now = timezone.now()
    rows = requests().filter(created_at__gte=_since(now), created_at__lt=beginning(now - _LATE))
    slots = rows.annotate(slot=Slot("created_at", 3600)).values_list("slot", flat=True).distinct().order_by("slot")
    # The oldest first: whatever comes before the newest hour counts as rolled up.
    hours = [RequestHour.BEFORE + slot * HOUR for slot in slots]
    for hour in hours:
        _roll_up_hour(hour)
    return f"{len(hours)} hours rolled up"


def _since(now: datetime) -> datetime:
    """From where on to roll up. Never an hour again of which requests may have been pruned."""
    until = counted_until(now)
    return max(RequestHour.BEFORE, until - _AGAIN, min(until, _kept_since(now)))


def _kept_since(now: datetime) -> datetime:
    """From where on single requests are there."""
    return beginning(now - timedelta(days=min(RAW_DAYS, store.current().providers.history_days)))


def _roll_up_hour(hour: datetime) -> None:
    with transaction.atomic():
        hold()
        rows = requests_since(hour).filter(created_at__lt=hour + HOUR)
        lines = slowest_twentieth(rows, "provider", "language")
        slow = {(line["provider"], line["language"]): line["response_time_ms"] for line in lines}
        sums: Iterable[Any] = rows.values("provider", "language").annotate(**of_requests())
        _put(_hour(hour, row, slow.get((row["provider"], row["language"]))) for row in sums)


def hold(provider: Provider | None = None) -> None:
    """Keeps roll-ups and resets from each other until the transaction ends; requests go on being written."""
    rows = Provider.objects.filter(pk=provider.pk) if provider else Provider.objects.all()
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def _hour(hour: datetime, row: dict[str, Any], p95: float | None) -> RequestHour:
    figures = {name: row[f"sum_{name}"] for name in FIGURES}
    return RequestHour(provider_id=row["provider"], hour=hour, language=row["language"], response_ms_p95=p95, **figures)


def _put(hours: Iterable[RequestHour]) -> None:
    RequestHour.objects.bulk_create(
        hours,
        update_conflicts=True,
        unique_fields=["provider", "hour", "language"],
        update_fields=[*FIGURES, "response_ms_p95", "updated_at"],
    )


def prune() -> str:
    """Deletes single requests after some days, and makes one row of the hours that are older than the history.

    Nothing is lost to the totals: what has no hour yet is rolled up first. A provider's newest success and failure stay
    as long as the history, for they tell how many requests failed in a row, and the last error.
    """
    roll_up()
    now = timezone.now()
    oldest = beginning(now - timedelta(days=store.current().providers.history_days))
    # Before the hours: without them the requests would count again.
    deleted = RequestLog.prune(oldest)
    hours = _fold(oldest)
    deleted += RequestLog.prune(min(_kept_since(now), counted_until(now)), keep=_newest())
    return f"{deleted} requests and {hours} hours deleted"


def _newest() -> list[int]:
    mine = requests().filter(provider=OuterRef("pk")).order_by("-created_at").values("pk")
    rows = Provider.objects.annotate(
        success=Subquery(mine.filter(successful=True)[:1]), failure=Subquery(mine.filter(successful=False)[:1])
    )
    return [pk for pair in rows.values_list("success", "failure") for pk in pair if pk]


def _fold(oldest: datetime) -> int:
    """Makes one row for each provider and language of the hours before; how many hours went into it."""
    old = RequestHour.objects.filter(hour__lt=oldest).order_by()
    hours = old.filter(hour__gt=RequestHour.BEFORE).count()
    if not hours:
        return 0
    with transaction.atomic():
        hold()
        sums: list[Any] = list(old.values("provider", "language").annotate(**of_hours()))
        old.delete()
        _put(_hour(RequestHour.BEFORE, row, _mean_p95(row)) for row in sums)
    return hours


def _mean_p95(row: dict[str, Any]) -> float | None:
    timed = row["sum_requests"] - row["sum_downloads"]
    return row["sum_p95"] / timed if timed else None
