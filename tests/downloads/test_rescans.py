"""The scheduled rescan: begun once, gone on with after a kill, told of, and as the configuration wants it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from aniworld.configuration import store
from aniworld.live.models import Event
from aniworld.refusals import Conflict
from downloads import rescans
from downloads.models import QueueItem, Rescan
from library import scanning
from library.models import Scan, Timetable
from library.root import LibraryUnavailable
from tests.library.factories import make_episodes, make_series

pytestmark = pytest.mark.django_db
SUB = {"German Sub": "2026-11-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    root.mkdir()
    (root / "readme.txt").write_text("here")
    store.change({"library": {"directory": str(root)}})
    return root


def due() -> None:
    """Its time has come."""
    Timetable.keep(rescans.NAME, rescans.rhythm())
    Timetable.objects.filter(pk=rescans.NAME).update(next_run=timezone.now() - timedelta(seconds=1))


def scanned() -> None:
    """A worker scans, to the end."""
    scan = Scan.objects.claim()
    assert scan
    scanning.work(scan)


def told() -> list[str]:
    rows = Event.objects.filter(room="system_progress").order_by("id")
    return [row.type for row in rows]


def test_it_scans_and_then_queues_what_is_missing() -> None:
    make_episodes(make_series(), languages=SUB)
    due()
    assert rescans.ring_if_due() is True
    rescans.go_on()
    assert told() == ["scheduled_rescan_started"]
    assert rescans.ring_if_due() is False, "it waits for its scan"
    scanned()
    assert rescans.ring_if_due() is True
    rescans.go_on()
    assert told()[1:] == ["scheduled_rescan_completed", "auto_download_started", "auto_download_completed"]
    assert QueueItem.objects.live().count() == 3
    rescan = Rescan.objects.get()
    assert (rescan.status, rescan.queued, rescan.live, rescan.trigger) == ("completed", 3, None, "schedule")
    assert Event.objects.get(type="auto_download_completed").data["queued_count"] == 3
    assert "files" in Event.objects.get(type="scheduled_rescan_completed").data["statistics"]
    assert rescans.ring_if_due() is False


def test_without_auto_download_it_only_scans() -> None:
    store.change({"scheduler": {"auto_download_after_rescan": False}})
    make_episodes(make_series(), languages=SUB)
    rescans.trigger()
    scanned()
    rescans.go_on()
    assert told() == ["scheduled_rescan_started", "scheduled_rescan_completed"]
    assert not QueueItem.objects.exists()


def test_each_slot_is_taken_once_and_missed_ones_are_not_made_up_for() -> None:
    due()
    Timetable.objects.update(next_run=timezone.now() - timedelta(days=3))
    rescans.go_on()
    rescans.go_on()
    assert Rescan.objects.count() == 1
    row = Timetable.objects.get()
    assert row.next_run
    assert row.next_run > timezone.now() + timedelta(minutes=59)


def test_a_clock_time_that_was_missed_is_not_made_up_for() -> None:
    store.change({"scheduler": {"cron": "30 4 * * *"}})
    due()
    Timetable.objects.update(next_run=timezone.now() - timedelta(hours=2))
    rescans.go_on()
    assert not Rescan.objects.exists()
    row = Timetable.objects.get()
    assert row.next_run
    assert (timezone.localtime(row.next_run).hour, timezone.localtime(row.next_run).minute) == (4, 30)


def test_the_configuration_is_followed() -> None:
    rescans.ring_if_due()
    before = Timetable.objects.get().next_run
    store.change({"scheduler": {"interval_minutes": 5}})
    rescans.ring_if_due()
    after = Timetable.objects.get().next_run
    assert before
    assert after
    assert after < before
    store.change({"scheduler": {"enabled": False}})
    assert rescans.ring_if_due() is False
    assert Timetable.objects.get().next_run is None
    Timetable.objects.update(next_run=timezone.now())
    rescans.go_on()
    assert not Rescan.objects.exists()


def test_a_scan_of_somebody_else_is_waited_for() -> None:
    scanning.start()
    with pytest.raises(Conflict):
        rescans.trigger()
    due()
    rescans.go_on()
    assert not Rescan.objects.exists()
    scanned()
    Timetable.objects.update(next_run=timezone.now())
    rescans.go_on()
    assert Rescan.objects.count() == 1


def test_without_the_library_it_fails_and_says_why(folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    with pytest.raises(LibraryUnavailable):
        rescans.trigger()
    assert told() == []
    due()
    rescans.go_on()
    assert told() == ["scheduled_rescan_failed"]
    assert "library folder" in Rescan.objects.get().error


def test_a_cancelled_scan_queues_nothing() -> None:
    make_episodes(make_series(), languages=SUB)
    rescans.trigger()
    scanning.cancel()
    rescans.go_on()
    assert told() == ["scheduled_rescan_started", "scheduled_rescan_failed"]
    assert not QueueItem.objects.exists()
    assert rescans.trigger()


def test_a_library_that_goes_meanwhile_ends_the_queueing(folder: Path) -> None:
    make_episodes(make_series(), languages=SUB)
    rescans.trigger()
    scanned()
    folder.rename(folder.with_name("away"))
    rescans.go_on()
    assert told()[-2:] == ["auto_download_started", "auto_download_failed"]


def test_what_a_killed_worker_began_to_queue_goes_on() -> None:
    make_episodes(make_series(), languages=SUB)
    rescan = rescans.trigger()
    scanned()
    assert rescan.scanned({}, queue=True)
    assert rescan.take(timezone.now())
    assert rescans.ring_if_due() is False, "somebody is at it"
    Rescan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert rescans.ring_if_due() is True
    rescans.go_on()
    assert QueueItem.objects.live().count() == 3
    assert told().count("auto_download_started") == 1
    assert rescan.complete() is False, "the killed one has nothing to say any more"


def test_old_runs_are_forgotten() -> None:
    for _number in range(105):
        Rescan.objects.note_failure("schedule", "x")
    assert Rescan.objects.prune() == 5
