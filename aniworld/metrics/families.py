"""The numbers of the installation: each function reads one area from the database and yields its families."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from aniworld import __version__, clock
from aniworld.backups import shelf
from aniworld.checks import cluster_ages
from aniworld.live.models import Event
from aniworld.supervisor.models import Cluster
from downloads.disks import disks, floor
from downloads.models import Attempt, QuarantinedFile, QueueItem, QueueState
from integrations import standing
from library.models import Episode, Series
from providers import health
from providers.models import Provider, ProviderStatus, RequestLog

Row = tuple[tuple[str, ...], float]
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"aniworld_{name}", text, value=value)


def _gauges(name: str, text: str, labels: tuple[str, ...], rows: Iterable[Row]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"aniworld_{name}", text, labels=labels)
    for label, value in rows:
        family.add_metric(label, value)
    return family


def _counters(name: str, text: str, labels: tuple[str, ...], rows: Iterable[Row]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"aniworld_{name}", text, labels=labels)
    for label, value in rows:
        family.add_metric(label, value)
    return family


def _build() -> Iterator[Metric]:
    yield _gauge("up", "1 while it answers", 1)
    about = ((__version__, platform.python_version(), connection.vendor), 1.0)
    yield _gauges("build_info", "Version of the program", ("version", "python", "database"), [about])


def _queue() -> Iterator[Metric]:
    listed = QueueItem.objects.listed().order_by()
    rows = list(listed.values("status").annotate(n=Count("id"), speed=Sum("download_speed")))
    found = {row["status"]: row for row in rows}
    counts = (((status,), found[status]["n"] if status in found else 0) for status in QueueItem.Status.values)
    yield _gauges("queue_items", "Items of the queue by status", ("status",), counts)
    paused = listed.filter(status=QueueItem.Status.PAUSED).values_list("pause_reason").annotate(n=Count("id"))
    yield _gauges("queue_parked_items", "Parked items by reason", ("reason",), (((why,), n) for why, n in paused))
    state = QueueState.objects.now()
    yield _gauge("queue_running", "1 while the queue is started", float(state.is_running))
    yield _gauge("queue_paused", "1 while the queue is paused", float(state.is_paused))
    active = found.get(QueueItem.Status.DOWNLOADING)
    speed = (active["speed"] if active else 0) or 0
    yield _gauge("download_speed_bytes_per_second", "Speed of all active downloads together", speed)


def _attempts() -> Iterator[Metric]:
    since = timezone.now() - _DAY
    ended = Attempt.objects.order_by().filter(ended_at__gt=since).values_list("provider", "outcome")
    rows = (((provider, outcome), n) for provider, outcome, n in ended.annotate(n=Count("pk")))
    text = "Tries of downloads that ended in the last day, by provider and outcome"
    yield _gauges("download_attempts_last_day", text, ("provider", "outcome"), rows)
    kept = QuarantinedFile.objects.aggregate(n=Count("pk"), size=Sum("size"))
    yield _gauge("quarantine_files", "Files that failed their check and are kept", kept["n"])
    yield _gauge("quarantine_bytes", "Their size", kept["size"] or 0)


def _library() -> Iterator[Metric]:
    live = Episode.objects.filter(series__deleted_at__isnull=True)
    found = live.aggregate(n=Count("pk"), missing=Count("pk", filter=Q(is_downloaded=False)))
    yield _gauge("series", "Series in the library", Series.objects.filter(deleted_at__isnull=True).count())
    yield _gauge("episodes", "Episodes known", found["n"])
    yield _gauge("missing_episodes", "Episodes known but not on disk", found["missing"])


def _events() -> Iterator[Metric]:
    newest = Event.objects.aggregate(n=Max("id"))["n"] or 0
    yield CounterMetricFamily("aniworld_events", "Events published so far", value=newest)


def _clusters() -> Iterator[Metric]:
    labels = ("host", "cluster")
    ages = cluster_ages(clock.now())
    hosts = _hosts(row for row, _age in ages)
    known = [((hosts[row.instance], row.name), row, age.total_seconds()) for row, age in ages]
    text = "Time since a cluster last proved that it works"
    yield _gauges("cluster_heartbeat_age_seconds", text, labels, ((label, age) for label, _row, age in known))
    yield _gauges("cluster_workers", "Its workers", labels, ((label, row.workers) for label, row, _age in known))
    text = "How often a cluster hung and was started again"
    yield _counters("cluster_restarts", text, labels, ((label, row.restarts) for label, row, _age in known))


def _hosts(rows: Iterable[Cluster]) -> dict[str, str]:
    """What each `up` is called: its host, and of several on hosts of one name the later ones with a number."""
    instances: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.started_at, row.instance)):
        if row.instance not in instances[row.host]:
            instances[row.host].append(row.instance)
    return {
        instance: host if number == 1 else f"{host} ({number})"
        for host, several in instances.items()
        for number, instance in enumerate(several, 1)
    }


def _integrations() -> Iterator[Metric]:
    known = standing.of_all()
    label = ("integration",)

    def of(name: str) -> Iterator[Row]:
        return (((integration,), getattr(one, name)) for integration, one in known.items())

    yield _gauges("integration_waiting", "Messages to other systems that wait to be sent", label, of("waiting"))
    text = "Messages to other systems that were given up in the last day"
    yield _gauges("integration_failed_last_day", text, label, of("failed"))
    text = "Other systems that are switched on and could not be told the last time"
    yield _gauges("integration_receivers_failing", text, label, of("failing"))


def _provider_states() -> Iterator[Metric]:
    rows = list(Provider.objects.select_related("status_record"))
    text = "1 for the state that a provider is in"
    states = (
        ((row.name, state), float(row.status_record.known_status == state))
        for row in rows
        if hasattr(row, "status_record")
        for state in ProviderStatus.Status.values
    )
    yield _gauges("provider_state", text, ("provider", "state"), states)
    enabled = (((row.name, row.kind), float(row.enabled)) for row in rows)
    yield _gauges("provider_enabled", "1 while a provider is enabled", ("provider", "kind"), enabled)
    usable = (((row.name,), float(row.is_usable)) for row in rows)
    yield _gauges("provider_usable", "1 while a provider may be tried", ("provider",), usable)


def _provider_requests() -> Iterator[Metric]:
    records = health.of_all()

    def of(name: str) -> Iterator[Row]:
        for provider, record in records.items():
            value: Any = getattr(record, name)
            if value is not None:
                yield (provider,), float(value)

    label = ("provider",)
    yield _counters("provider_requests", "Requests since the last reset, without checks", label, of("total_requests"))
    yield _counters("provider_failures", "Those that failed", label, of("failed_requests"))
    yield _counters("download_bytes", "Bytes that came from a provider", label, of("total_bytes_downloaded"))
    mean = "Mean time of a request that is no download, since the last reset"
    yield _gauges("provider_response_milliseconds", mean, label, of("average_response_time_ms"))
    text = "95 of 100 requests were faster"
    yield _gauges("provider_response_p95_milliseconds", text, label, of("p95_response_time_ms"))
    text = "Share of the last hour's requests that succeeded"
    yield _gauges("provider_uptime_percent", text, label, of("uptime_percentage"))


def _recent_requests() -> Iterator[Metric]:
    recent = RequestLog.objects.filter(created_at__gt=timezone.now() - _HOUR).order_by()
    rows = recent.values_list("provider__name", "successful", "error_code").annotate(n=Count("id"))
    found = (((name, "ok" if good else code or "failed"), n) for name, good, code, n in rows)
    text = "Requests of the last hour by outcome"
    yield _gauges("provider_requests_last_hour", text, ("provider", "outcome"), found)


def _disks() -> Iterator[Metric]:
    known = [((disk.name,), disk) for disk in disks()]
    label = ("disk",)
    yield _gauges("disk_free_bytes", "Bytes free there", label, ((name, disk.free) for name, disk in known))
    yield _gauges("disk_size_bytes", "Size of that disk", label, ((name, disk.total) for name, disk in known))
    yield _gauge("disk_floor_bytes", "Bytes that always stay free", floor())


def _backups() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        yield _gauge("database_size_bytes", "Size of the database", cursor.fetchone()[0])
    newest = shelf.newest()
    if newest:
        yield _gauge("backup_timestamp_seconds", "When the last backup was made", newest.made_at.timestamp())
        yield _gauge("backup_size_bytes", "Its size", newest.size)
        yield _gauge("backup_verified", "1 if it was restored for a trial", float(newest.is_verified))


ALL: tuple[Callable[[], Iterator[Metric]], ...] = (
    _build,
    _queue,
    _attempts,
    _library,
    _events,
    _clusters,
    _provider_states,
    _provider_requests,
    _recent_requests,
    _disks,
    _backups,
    _integrations,
)
