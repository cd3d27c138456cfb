"""`/metrics`: what is told, to whom, at what cost, and that the names are those of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from aniworld import metrics
from aniworld.environment import ROOT
from aniworld.supervisor.models import Cluster
from downloads.models import Attempt, QueueItem
from integrations.webhooks.models import Delivery, Webhook
from providers.models import Provider, ProviderStatus, RequestLog
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


def samples() -> dict[tuple[str, tuple[str, ...]], float]:
    """Name and label values, by the labels' names in order → value."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def documented() -> Iterator[str]:
    text = (ROOT / "docs" / "metrics.md").read_text()
    for row in re.findall(r"^\| (`aniworld_.*?) \|", text, re.MULTILINE):
        yield from re.findall(r"`(aniworld_\w+)`", row)


def busy_installation(count: int, prefix: str = "") -> None:
    """So many series, items, attempts, providers and requests."""
    now = timezone.now()
    for number in range(count):
        series = make_series(key=f"{prefix}series-{number}")
        for episode in make_episodes(series, count=2):
            item = QueueItem.objects.create(
                series=series, episode=episode, season=1, language="German Dub", status="failed"
            )
            Attempt.objects.create(item=item, provider=f"p{number}", language="x", ended_at=now, outcome="stalled")
        row = Provider.objects.create(name=f"{prefix}p{number}", kind="host", display_name="P")
        ProviderStatus.objects.update_or_create(provider=row, defaults={"status": "down", "settled_status": "down"})
        RequestLog.objects.create(provider=row, action="resolve", successful=False, response_time_ms=9, error_code="x")
        RequestLog.objects.create(provider=row, action="download", successful=True, response_time_ms=9, bytes=77)
    Cluster.objects.create(
        instance=prefix, name="default", host="h", process_group=1, workers=2, started_at=now, restarts=3
    )


def test_the_numbers_are_right() -> None:
    busy_installation(2)
    found = samples()
    assert found["aniworld_queue_items", ("failed",)] == 4
    assert found["aniworld_queue_items", ("pending",)] == 0
    assert found["aniworld_download_attempts_last_day", ("stalled", "p1")] == 2
    assert found["aniworld_provider_requests_total", ("p0",)] == 2
    assert found["aniworld_provider_failures_total", ("p0",)] == 1
    assert found["aniworld_download_bytes_total", ("p0",)] == 77
    assert found["aniworld_provider_state", ("p0", "down")] == 1
    assert found["aniworld_provider_state", ("p0", "active")] == 0
    assert found["aniworld_cluster_restarts_total", ("default", "h")] == 3
    assert found["aniworld_missing_episodes", ()] == 4
    assert min(value for (name, _labels), value in found.items() if name == "aniworld_disk_free_bytes") > 0


def test_machines_of_one_name_are_told_apart() -> None:
    now = timezone.now()
    for number in range(3):
        for name in ("default", "downloads"):
            Cluster.objects.create(
                instance=f"up-{number}",
                name=name,
                host="nas",
                process_group=1,
                workers=2,
                started_at=now,
                restarts=number,
            )
    restarts = {
        labels: value for (name, labels), value in samples().items() if name == "aniworld_cluster_restarts_total"
    }
    shown = {"nas": 0, "nas (2)": 1, "nas (3)": 2}
    assert restarts == {(name, host): count for host, count in shown.items() for name in ("default", "downloads")}


def test_what_other_systems_were_told_is_counted() -> None:
    on = Webhook.objects.create(name="on", address="https://a.example")
    off = Webhook.objects.create(name="off", address="https://a.example", enabled=False)
    Webhook.objects.update(failing_since=timezone.now())
    for receiver, state in ((on, "waiting"), (off, "waiting"), (on, "failed"), (on, "failed"), (on, "sent")):
        Delivery.objects.create(receiver=receiver, event="x", happened_at=timezone.now(), state=state)
    old = Delivery.objects.create(receiver=on, event="x", happened_at=timezone.now(), state="failed")
    Delivery.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=2))
    found = samples()
    for name, value in (("waiting", 1), ("failed_last_day", 2), ("receivers_failing", 1)):
        assert found[f"aniworld_integration_{name}", ("webhooks",)] == value
        assert found[f"aniworld_integration_{name}", ("media_servers",)] == 0


def test_it_costs_the_same_however_much_there_is() -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            metrics.text()
        return len(captured)

    busy_installation(1)
    metrics.text()
    few = queries()
    busy_installation(5, "more")
    assert queries() == few
    assert few < 30


def test_the_documentation_names_each_and_each_is_there() -> None:
    busy_installation(1)
    Client().get("/health")
    told = metrics.text().decode()
    names = {family.name for family in text_string_to_metric_families(told)}
    counters = {family.name for family in text_string_to_metric_families(told) if family.type == "counter"}
    full = {f"{name}_total" if name in counters else name for name in names}
    # Only what exists is told of: no item is parked, and no backup was made.
    absent = {name for name in documented() if name.startswith("aniworld_backup_")}
    assert set(documented()) - absent == {name for name in full if not name.endswith("_created")} - absent


def test_requests_are_counted_by_template() -> None:
    before = samples().get(("aniworld_http_requests_total", ("GET", "/api/anime/<key>", "401")), 0)
    for key in ("one", "two", "three"):
        Client().get(f"/api/anime/{key}")
        Client().get(f"/api/v1/anime/{key}")
        Client().get(f"/no/such/{key}")
    found = samples()
    assert found["aniworld_http_requests_total", ("GET", "/api/anime/<key>", "401")] == before + 6
    assert found["aniworld_http_request_duration_seconds_count", ("GET", "/api/anime/<key>")] >= 6
    assert not [labels for _name, labels in found if any("three" in label for label in labels)]


def test_nothing_private_is_told() -> None:
    person = user("somebody-private")
    series = make_series(key="secret-title")
    [episode] = make_episodes(series, count=1)
    item: Any = {"series": series, "episode": episode, "season": 1, "language": "German Dub", "requested_by": person}
    QueueItem.objects.create(**item, download_url="https://cdn.example.org/hush")
    told = metrics.text().decode()
    assert not [word for word in ("somebody-private", "secret-title", "hush", "awk_") if word in told]
