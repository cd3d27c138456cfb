"""`/metrics`: everything is read from the database at the moment of asking, so any web process answers for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aniworld import __version__
from aniworld.accounts.addresses import address_of, has_forwarded, is_loopback
from aniworld.accounts.authentication import identify
from aniworld.checks import cluster_ages, disk_free
from aniworld.live.models import Event
from downloads.models import QueueItem
from library.models import Episode, Series
from providers.models import RequestLog


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"aniworld_{name}", text, value=value)


def _queue() -> Iterator[Metric]:
    family = GaugeMetricFamily("aniworld_queue_items", "Items of the queue by status", labels=["status"])
    rows = list(QueueItem.objects.order_by().values("status").annotate(n=Count("id"), speed=Sum("download_speed")))
    found = {row["status"]: row["n"] for row in rows}
    for status in QueueItem.Status.values:
        family.add_metric([status], found.get(status, 0))
    yield family
    speed = sum(row["speed"] or 0 for row in rows if row["status"] == QueueItem.Status.DOWNLOADING)
    yield _gauge("download_speed_bytes_per_second", "Speed of all active downloads together", speed)


def _library() -> Iterator[Metric]:
    live = Episode.objects.filter(series__deleted_at__isnull=True)
    yield _gauge("series", "Series in the library", Series.objects.filter(deleted_at__isnull=True).count())
    yield _gauge("episodes", "Episodes known", live.count())
    yield _gauge("missing_episodes", "Episodes known but not on disk", live.filter(is_downloaded=False).count())


def _events() -> Iterator[Metric]:
    newest = Event.objects.aggregate(n=Max("id"))["n"] or 0
    yield CounterMetricFamily("aniworld_events", "Events published so far", value=newest)


def _clusters() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "aniworld_cluster_heartbeat_age_seconds",
        "Time since a cluster last proved that it works",
        labels=["host", "cluster"],
    )
    for row, age in cluster_ages(timezone.now()):
        family.add_metric([row.host, row.name], age.total_seconds())
    yield family


def _requests() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "aniworld_provider_requests_last_hour", "Requests of the last hour by outcome", labels=["provider", "outcome"]
    )
    since = timezone.now() - timedelta(hours=1)
    recent = RequestLog.objects.filter(created_at__gt=since).order_by()
    for row in recent.values("provider__name", "successful", "error_code").annotate(n=Count("id")):
        outcome = "ok" if row["successful"] else row["error_code"] or "failed"
        family.add_metric([row["provider__name"], outcome], row["n"])
    yield family


def _disk() -> Iterator[Metric]:
    yield _gauge("disk_free_bytes", "Bytes free where downloads are written", disk_free())


FAMILIES: tuple[Callable[[], Iterator[Metric]], ...] = (_queue, _library, _events, _clusters, _requests, _disk)


class DatabaseCollector(Collector):
    """Reads the numbers when they are asked for."""

    def collect(self) -> Iterable[Metric]:
        """All families."""
        yield GaugeMetricFamily("aniworld_up", f"Aniworld {__version__} answers", value=1)
        for family in FAMILIES:
            yield from family()


def _is_local(request: HttpRequest) -> bool:
    """Asked from this machine, and not through a proxy on it that nobody declared trusted."""
    peer = request.META.get("REMOTE_ADDR")
    client = address_of(request)
    undeclared = client == peer and has_forwarded(request)
    return is_loopback(client) and not undeclared


def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers in Prometheus' text format, for this machine or with an API key."""
    if not _is_local(request) and identify(request) is None:
        return JsonResponse({"detail": _("An API key is needed."), "code": "unauthorized"}, status=401)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
