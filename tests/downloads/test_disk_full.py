"""A full disk and a vanished library: the item waits with its reason, nothing broken stays, and it goes on alone."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from aniworld.configuration import store
from downloads import engine, fetchers, place_mark, queue, tasks, upkeep
from downloads.fetchers.joiner import Joiner
from downloads.models import QueueItem
from library import files
from library.models import Episode, EpisodeFile, Series
from providers.contracts import StreamKind
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import HLS, HOSTS, MP4, assert_whole

MEGABYTE = 1024 * 1024


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size in memory."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system can't be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _resize(folder: Path, megabytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(folder)], check=True)


def episode_files(library: Path) -> list[Path]:
    """Everything in the library but what describes the series."""
    described = {".nfo", ".jpg", ".jpeg", ".png", ".webp"}
    return [path for path in library.rglob("*") if path.is_file() and path.suffix not in described]


def _only(name: str) -> None:
    for other in HOSTS:
        row = Provider.objects.get(name=other)
        (row.enable if other == name else row.disable)()


def _run() -> QueueItem:
    item = tasks.claim()
    assert item
    engine.run(item)
    return QueueItem.objects.get(pk=item.pk)


def _assert_parked(item: QueueItem, reason: str) -> None:
    assert (item.status, item.pause_reason) == ("paused", reason), item.error_message
    assert item.next_attempt_at
    assert item.next_attempt_at > timezone.now()
    assert item.attempts.filter(ended_at__isnull=True).count() == 0
    assert item.retry_count == 0


def _assert_nothing_arrived(library: Path) -> None:
    assert episode_files(library) == []
    assert not EpisodeFile.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)


def _goes_on(item: QueueItem, library: Path) -> None:
    """When its time has come the sweep resumes it, and it arrives."""
    QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=timezone.now())
    assert upkeep.resume_parked() == 1
    done = _run()
    assert done.status == "completed", done.error_message
    assert_whole(library / done.file_destination)
    assert [path.name for path in episode_files(library)] == [Path(done.file_destination).name]


@pytest.fixture
def queued(demo: Demo, series: Series, episode: Episode) -> QueueItem:
    store.change({"downloads": {"free_space_floor_gb": 0}})
    [pk] = queue.enqueue(series, [episode]).added
    return QueueItem.objects.get(pk=pk)


@pytest.mark.parametrize("host", [MP4, HLS])
def test_a_full_work_folder_parks_the_item_until_there_is_room(
    host: str, queued: QueueItem, library: Path, tmp_path: Path, settings: Any
) -> None:
    _only(host)
    with _small_disk(tmp_path / "small", 2) as small:
        settings.WORK_DIR = small / "work"
        (small / "work").mkdir()
        item = _run()
        _assert_parked(item, "disk")
        assert "full" in item.error_message
        assert str(small) in item.error_message
        _assert_nothing_arrived(library)
        assert not list(small.rglob("*.part"))
        _resize(small, 64)
        _goes_on(item, library)
        assert [file.name for file in (small / "work").iterdir()] == [place_mark.MARKER]


def test_while_there_is_no_room_it_stays_parked(queued: QueueItem, library: Path) -> None:
    store.change({"downloads": {"free_space_floor_gb": 99_999}})
    item = _run()
    _assert_parked(item, "disk")
    QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=timezone.now())
    assert upkeep.resume_parked() == 0
    item.refresh_from_db()
    _assert_parked(item, "disk")
    store.change({"downloads": {"free_space_floor_gb": 0}})
    _goes_on(item, library)


def test_a_full_library_on_another_disk_parks_the_item_and_leaves_no_trace(queued: QueueItem, tmp_path: Path) -> None:
    _only(MP4)
    with _small_disk(tmp_path / "small", 2) as small:
        library = small / "library"
        library.mkdir()
        store.change({"library": {"directory": str(library)}})
        item = _run()
        _assert_parked(item, "disk")
        assert "full" in item.error_message
        _assert_nothing_arrived(library)
        _resize(small, 64)
        _goes_on(item, library)


def test_a_library_on_another_disk_gets_the_whole_file(queued: QueueItem, tmp_path: Path) -> None:
    with _small_disk(tmp_path / "small", 64) as small:
        store.change({"library": {"directory": str(small)}})
        item = _run()
        assert item.status == "completed", item.error_message
        assert_whole(small / item.file_destination)
        assert not list(small.rglob(".*"))


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_vanished_library_folder_parks_the_item_until_it_is_back(
    moment: str, queued: QueueItem, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(MP4)
    away = library.with_name("away")
    fetch = fetchers.FETCHERS[StreamKind.FILE]

    def fetch_and_lose(job: Any) -> Any:
        fetched = fetch(job)
        if library.exists():
            library.rename(away)
        return fetched

    if moment == "before":
        library.rename(away)
    else:
        monkeypatch.setitem(fetchers.FETCHERS, StreamKind.FILE, fetch_and_lose)
    item = _run()
    monkeypatch.undo()
    _assert_parked(item, "library_unavailable")
    assert str(library) in item.error_message
    assert not library.exists()
    QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=timezone.now())
    assert upkeep.resume_parked() == 0
    away.rename(library)
    _goes_on(item, library)


class _Failing:
    """Fails the n-th call of a function with a full disk, and all that follow."""

    def __init__(self, function: Callable[..., Any], number: int) -> None:
        self.function = function
        self.left = number
        self.struck = False

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            self.struck = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.function(*arguments, **named)


# Where the engine writes: the owner of each function, and its name. Journals are written as texts; what is written
# into open files has a disk of a random size of its own, in test_disk_plan.
WRITES = [
    (MP4, Path, "write_text"),
    (MP4, os, "pwrite"),
    (MP4, os, "ftruncate"),
    (MP4, os, "fdatasync"),
    (HLS, Path, "write_text"),
    (HLS, Path, "rename"),
    (HLS, Joiner, "to_mp4"),
    (MP4, files, "_flush"),
    (MP4, files, "_publish"),
    (MP4, files, "sync"),
]


@pytest.mark.parametrize(
    ("host", "place", "name"), WRITES, ids=[f"{host}-{name.strip('_')}" for host, _place, name in WRITES]
)
def test_a_disk_that_is_full_at_any_write_leaves_nothing_broken(
    host: str, place: Any, name: str, queued: QueueItem, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(host)
    for number in range(6):
        failing = _Failing(getattr(place, name), number)
        with monkeypatch.context() as patched:
            # Wrapped, so that it is bound where it is a method.
            patched.setattr(place, name, lambda *given, _call=failing, **named: _call(*given, **named))
            item = _run()
        if item.status == "completed":
            break
        assert failing.struck
        _assert_parked(item, "disk")
        # After the last step the file may stand there whole, and only the rows are missing.
        for path in episode_files(library):
            assert_whole(path)
        assert not EpisodeFile.objects.exists()
        QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=timezone.now())
        assert upkeep.resume_parked() == 1
    if item.status != "completed":
        item = _run()
    assert item.status == "completed", item.error_message
    assert_whole(library / item.file_destination)
    assert EpisodeFile.objects.count() == 1
    assert [path.name for path in episode_files(library)] == [Path(item.file_destination).name]
