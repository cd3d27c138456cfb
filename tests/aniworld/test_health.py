"""Health, metrics, and the checks behind them."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from aniworld import checks
from aniworld.configuration import store
from aniworld.supervisor.models import Cluster
from tests.aniworld.people import Api, user, with_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


def cluster(age: int | None, name: str = "default", started: int = 0) -> Cluster:
    now = timezone.now()
    return Cluster.objects.create(
        instance="one",
        name=name,
        host="here",
        process_group=1,
        workers=2,
        started_at=now - timedelta(seconds=started or age or 0),
        heartbeat_at=None if age is None else now - timedelta(seconds=age),
    )


@pytest.mark.parametrize("path", ["/health", "/api/health", "/api/v1/health"])
def test_healthy_with_working_workers(path: str) -> None:
    cluster(3)
    cluster(None, "downloads", started=10)
    answer = Client().get(path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "healthy")
    assert set(body) == {"status", "version", "checks"}
    assert set(body["checks"]) == {"database", "workers", "download_directory", "free_space"}


def test_without_workers_it_is_unhealthy() -> None:
    answer = Client().get("/health")
    assert answer.status_code == 503
    assert answer.json()["checks"]["workers"]["status"] == "failed"


def test_one_silent_cluster_is_enough_and_a_forgotten_one_is_not() -> None:
    cluster(3)
    cluster(46, "downloads")
    assert Client().get("/health").status_code == 503
    Cluster.objects.filter(name="downloads").update(heartbeat_at=timezone.now() - timedelta(hours=2))
    assert Client().get("/health").status_code == 200


def test_no_room_is_unhealthy() -> None:
    cluster(3)
    store.change({"downloads": {"free_space_floor_gb": 99999}})
    body = Client().get("/health").json()
    assert body["checks"]["free_space"]["status"] == "failed"


def test_a_work_folder_that_cannot_be_written_is_unhealthy(settings: Any, tmp_path: Path) -> None:
    cluster(3)
    (tmp_path / "file").touch()
    settings.WORK_DIR = tmp_path / "file"
    answer = Client().get("/health")
    assert answer.json()["checks"]["download_directory"]["status"] == "failed"
    assert str(tmp_path) not in answer.content.decode()


def test_each_check_fails_for_itself() -> None:
    def broken() -> checks.Check:
        raise DatabaseError

    found = list(checks.run((broken, checks.time_zone)))
    assert [check.ok for check in found] == [True, False, True]


def test_a_problem_has_a_remedy(settings: Any, tmp_path: Path) -> None:
    settings.LIBRARY_DIR = tmp_path / "no" / "where"
    settings.TIME_ZONE = "Moon/Base"
    for check in checks.run():
        assert check.message
        assert check.ok or check.remedy, check.name


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/data/x.db", "nfs4"), ("/data/inner/x.db", "ext4"), ("/database", "overlay"), ("/my disk/a", "cifs")],
)
def test_the_file_system_is_the_nearest_mount(path: str, expected: str) -> None:
    mounts = ["none / overlay", "host:/x /data nfs4", "/dev/a /data/inner ext4", r"//h/s /my\040disk cifs"]
    assert checks.file_system_of(Path(path), "".join(f"{mount} rw 0 0\n" for mount in mounts)) == expected


def test_metrics_are_for_this_machine_or_with_a_key(settings: Any) -> None:
    cluster(3)
    local = Client().get("/metrics")
    assert local.status_code == 200
    assert local["Content-Type"].startswith("text/plain")
    text = local.content.decode()
    for name in (
        "queue_items",
        "series",
        "missing_episodes",
        "events_total",
        "disk_free_bytes",
        "cluster_heartbeat_age",
    ):
        assert f"aniworld_{name}" in text
    assert Client().get("/metrics", REMOTE_ADDR="203.0.113.1").status_code == 401
    assert Client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.1"}).status_code == 401
    assert Client().get("/metrics", headers={"X-Real-IP": "203.0.113.1"}).status_code == 401
    # A server that listens on all addresses of both kinds names an IPv4 address so.
    both = "::ffff:127.0.0.1"
    assert Client().get("/metrics", REMOTE_ADDR=both).status_code == 200
    through = {"X-Forwarded-For": "203.0.113.1"}
    assert Client().get("/metrics", REMOTE_ADDR=both, headers=through).status_code == 401
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    assert Client().get("/metrics", headers=through).status_code == 401
    reader = with_key(user(), "read")
    assert reader.call("get", "/metrics", REMOTE_ADDR="203.0.113.1").status_code == 200
    assert Api(key="awk_wrong").call("get", "/metrics", REMOTE_ADDR="203.0.113.1").status_code == 401
