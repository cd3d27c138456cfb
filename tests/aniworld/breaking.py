"""Ways to break an installation: its folders, its disks, its database, its workers."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.models import Task

from aniworld.accounts.models import User
from aniworld.checks import database, folders, space, working
from aniworld.checks.channel import channel_layer
from aniworld.checks.check import Look
from aniworld.checks.migrations import migrations
from aniworld.configuration import store
from aniworld.supervisor.models import SILENCE, Cluster, Machine
from downloads.models import QuarantinedFile, QueueItem, QueueState
from providers.models import Provider
from tests.library.factories import make_episodes, make_series


@dataclass
class Bench:
    """What a test may break: folders of its own, settings, and pytest's means."""

    folder: Path
    settings: Any
    patch: pytest.MonkeyPatch


@pytest.fixture
def bench(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    tmp_path.chmod(0o700)
    for name in ("WORK_DIR", "BACKUP_DIR", "LOG_DIR", "RUN_DIR", "LIBRARY_DIR"):
        folder = tmp_path / name.partition("_")[0].lower()
        folder.mkdir()
        setattr(settings, name, folder)
    settings.DATA_DIR = tmp_path
    (tmp_path / "secret_key").write_text("x" * 50)
    (tmp_path / "secret_key").chmod(0o600)
    # A test runs wherever it is started; what it is about is made bad by the test itself.
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 52, 0))
    settings.PORT = 0
    settings.ALLOWED_HOSTS = ["localhost"]
    now = timezone.now()
    Cluster.objects.create(
        instance="one", name="default", host="here", process_group=1, workers=2, started_at=now, heartbeat_at=now
    )
    User.objects.create(username="admin", is_superuser=True)
    for kind, name in (("catalogue", "aniworld"), ("host", "direct")):
        Provider.objects.create(name=name, kind=kind, display_name=name, base_url="https://example.org")
    return Bench(tmp_path, settings, monkeypatch)


BREAKS: dict[str, tuple[Look, Callable[[Bench], object]]] = {}


def breaks(look: Look) -> Callable[[Callable[[Bench], object]], Callable[[Bench], object]]:
    """Registers a way to break what `look` looks at."""

    def register(way: Callable[[Bench], object]) -> Callable[[Bench], object]:
        BREAKS[way.__name__] = (look, way)
        return way

    return register


def item(**values: Any) -> QueueItem:
    series = make_series()
    [episode] = make_episodes(series, count=1)
    given: dict[str, Any] = {"series": series, "episode": episode, "season": 1, "language": "German Dub", **values}
    return QueueItem.objects.create(**given)


def age(row: QueueItem, **ago: float) -> None:
    QueueItem.objects.filter(pk=row.pk).update(updated_at=timezone.now() - timedelta(**ago))


# Folders


@breaks(folders.data_folder)
def everybody_may_look(bench: Bench) -> None:
    bench.folder.chmod(0o755)


@breaks(folders.data_folder)
def no_data_folder(bench: Bench) -> None:
    bench.settings.DATA_DIR = bench.folder / "gone"


@breaks(folders.own_folders)
def backups_are_a_file(bench: Bench) -> None:
    bench.settings.BACKUP_DIR.rmdir()
    bench.settings.BACKUP_DIR.touch()


@breaks(folders.download_directory)
def work_is_a_file(bench: Bench) -> None:
    bench.settings.WORK_DIR = bench.folder / "secret_key"


@breaks(folders.library_folder)
def library_is_gone(bench: Bench) -> None:
    folders.library_folder()
    bench.settings.LIBRARY_DIR.rmdir()


@breaks(folders.nested_folders)
def library_in_the_work_folder(bench: Bench) -> None:
    bench.settings.LIBRARY_DIR = bench.settings.WORK_DIR / "library"


@breaks(folders.nested_folders)
def data_folder_in_the_library(bench: Bench) -> None:
    bench.settings.LIBRARY_DIR = bench.folder.parent


@breaks(folders.same_disk)
def two_disks(bench: Bench) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == bench.folder.stat().st_dev:
        pytest.skip("there is only one file system here")
    bench.settings.LIBRARY_DIR = shared


@breaks(folders.secret_key)
def others_read_the_key(bench: Bench) -> None:
    (bench.folder / "secret_key").chmod(0o644)


@breaks(folders.secret_key)
def the_key_is_empty(bench: Bench) -> None:
    (bench.folder / "secret_key").write_text("")


@breaks(folders.umask)
def others_may_write_files(bench: Bench) -> None:
    bench.patch.setattr(folders, "current_umask", lambda: 0o000)


@breaks(folders.umask)
def nobody_else_reads_files(bench: Bench) -> None:
    bench.patch.setattr(folders, "current_umask", lambda: 0o077)
    bench.settings.LIBRARY_DIR = bench.folder.parent


# Space


@breaks(space.free_space)
def floor_too_high(bench: Bench) -> None:
    store.change({"downloads": {"free_space_floor_gb": 99999}})


@breaks(space.free_space)
def no_more_names(bench: Bench) -> None:
    real = os.statvfs(bench.folder)
    full = SimpleNamespace(
        f_bavail=real.f_bavail, f_frsize=real.f_frsize, f_blocks=real.f_blocks, f_files=100, f_favail=0
    )
    bench.patch.setattr(os, "statvfs", lambda _folder: full)


@breaks(space.inodes)
def few_names(bench: Bench) -> None:
    no_more_names(bench)


@breaks(space.quarantined)
def large_quarantine(bench: Bench) -> None:
    QuarantinedFile.objects.create(item=item(), provider="x", language="x", place="x", path="x", size=15 * 10**9)


@breaks(space.orphaned_work)
def data_of_no_item(bench: Bench) -> None:
    folder = bench.settings.WORK_DIR / "4711"
    folder.mkdir()
    os.utime(folder, (time.time() - 7200,) * 2)


# Database


@breaks(database.sqlite_version)
def old_sqlite(bench: Bench) -> None:
    bench.patch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))


@breaks(database.file_system)
def database_on_nfs(bench: Bench) -> None:
    bench.patch.setattr(Path, "read_text", lambda *_a, **_k: "server:/x / nfs4 rw 0 0\n")


@breaks(migrations)
def a_change_is_missing(bench: Bench) -> None:
    MigrationRecorder(connection).record_unapplied("downloads", "0001_initial")


@breaks(migrations)
def a_newer_version_was_here(bench: Bench) -> None:
    MigrationRecorder(connection).record_applied("downloads", "0099_from_the_future")


# Workers


@breaks(working.workers)
def no_workers(bench: Bench) -> None:
    Cluster.objects.all().delete()


@breaks(working.workers)
def silent_workers(bench: Bench) -> None:
    Cluster.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=50))


@breaks(working.machines)
def vanished_machine(bench: Bench) -> None:
    now = timezone.now()
    for name, seen_at in (("here", now), ("gone", now - 2 * SILENCE)):
        Machine.objects.create(instance=name, host=name, started_at=now, seen_at=seen_at)


@breaks(working.machines)
def machines_of_two_versions(bench: Bench) -> None:
    now = timezone.now()
    for version in ("1", "2"):
        Machine.objects.create(instance=version, host=version, version=version, started_at=now, seen_at=now)


@breaks(working.restarts)
def workers_hang(bench: Bench) -> None:
    Cluster.objects.update(restarts=4)


@breaks(channel_layer)
def no_redis(bench: Bench) -> None:
    bench.settings.REDIS_URL = "redis://127.0.0.1:9/0"


@breaks(working.broker)
def tasks_pile_up(bench: Bench) -> None:
    bench.patch.setattr(working, "WAITING_TASKS", -1)


@breaks(working.broker)
def no_broker(bench: Bench) -> None:
    def gone(_name: str) -> Any:
        raise ConnectionError

    bench.patch.setattr(working, "get_broker", gone)


@breaks(working.failed_tasks)
def tasks_fail(bench: Bench) -> None:
    now = timezone.now()
    for number in range(working.FAILED_TASKS + 1):
        Task.objects.create(id=f"{number}", name="x", func="a.b", started=now, stopped=now, success=False)


@breaks(working.leases)
def a_worker_is_gone(bench: Bench) -> None:
    item(status="downloading", token="x", owner="x", lease_until=timezone.now() - timedelta(hours=1))


@breaks(working.stuck_items)
def nobody_takes_items(bench: Bench) -> None:
    QueueState.objects.update_or_create(pk=1, defaults={"is_running": True, "is_paused": False})
    age(item(status="pending"), hours=1)


@breaks(working.parked_items)
def a_host_wants_a_captcha(bench: Bench) -> None:
    item(status="paused", pause_reason="blocked")
