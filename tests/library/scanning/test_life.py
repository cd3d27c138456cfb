"""A scan's life: one at a time, taken up again after a kill, cancelled, never written to by who lost it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from aniworld.environment import ROOT
from aniworld.live.models import Event, Progress
from aniworld.refusals import Conflict
from library import scanning
from library.models import EpisodeFile, Scan, ScanCancelled, ScanLost, Series
from library.models.scan import MOST_LOST_WORKERS
from library.root import LibraryUnavailable
from library.scanner import running
from tests.library.scanning.conftest import Shelves, shelved
from tests.migrated import run

SERIES, EPISODES = 40, 3
SCANNER = ("-m", "tests.library.scanning.scanner")


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *SCANNER, *arguments], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_scan_is_taken_up_and_nothing_is_lost_or_doubled(kind: str, tmp_path: Path) -> None:
    with shelved(kind, tmp_path) as environment:
        shelves = Shelves(tmp_path / "library")
        for series in range(SERIES):
            for episode in range(1, EPISODES + 1):
                shelves.put(f"Series {series:02d}/S01E{episode:02d}.mkv")
        process = start(environment, "work")
        assert process.stdout
        for _step in range(SERIES // 2):
            assert process.stdout.readline() == "step\n"
        process.kill()
        process.wait()
        process.stdout.close()
        told = json.loads(run(environment, *SCANNER, "finish").splitlines()[-1])
    assert told == {
        "status": "completed",
        "lost": 1,
        "doubled": 0,
        "series": SERIES,
        "files": SERIES * EPISODES,
        "episodes": SERIES * EPISODES,
    }


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_never_two_at_once(kind: str, tmp_path: Path) -> None:
    with shelved(kind, tmp_path) as environment:
        racers = [start(environment, "race", str(number), "15") for number in range(3)]
        outputs = [racer.communicate(timeout=90)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    held = sorted((line["since"], line["until"]) for output in outputs for line in map(json.loads, output.splitlines()))
    assert len(held) == 45
    assert all(before[1] <= after[0] for before, after in pairwise(held))


@pytest.mark.django_db
def test_it_tells_how_far_it_is_and_ends_with_its_statistics(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_TELL_EVERY", 0.0)
    for number in range(3):
        shelves.put(f"Series {number}/S01E01.mkv")
    scan = shelves.scan()
    types = list(Event.objects.filter(room="scan_progress").order_by("id").values_list("type", flat=True))
    assert types[0] == "scan_started"
    assert types[-1] == "scan_complete"
    last = Event.objects.filter(type="scan_complete").get().data
    assert last["statistics"]["adopted"] == 3
    assert last["progress_id"] == "library_scan"
    assert Progress.objects.get(pk="library_scan").status == "completed"
    assert (scan.live, scan.token) == (None, "")


@pytest.mark.django_db
def test_a_cancelled_scan_stops_and_keeps_what_it_has_written(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_TELL_EVERY", 0.0)
    monkeypatch.setattr(running, "_HOLD_EVERY", 0.0)
    for number in range(3):
        shelves.put(f"Series {number}/S01E01.mkv")
    scan = Scan.objects.begin()
    scan.listener = lambda *_reached: scanning.cancel()
    scanning.work(scan)
    assert scan.status == "cancelled"
    assert not Series.objects.exists()
    assert Event.objects.filter(type="scan_cancelled").exists()
    assert shelves.changes() == {"new": 3, "adopted": 3}


@pytest.mark.django_db
def test_one_that_nobody_is_at_is_cancelled_at_once(shelves: Shelves) -> None:
    scan = scanning.start()
    assert scanning.cancel()
    scan.refresh_from_db()
    assert scan.status == "cancelled"
    assert not scanning.cancel()
    assert not scanning.take_on()


@pytest.mark.django_db
def test_who_lost_it_writes_nothing(shelves: Shelves) -> None:
    shelves.put("Dark/S01E01.mkv")
    mine = Scan.objects.begin()
    Scan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    theirs = Scan.objects.claim()
    assert theirs
    assert theirs.lost_workers == 1
    with pytest.raises(ScanLost):
        mine.hold()
    scanning.work(mine)
    assert not EpisodeFile.objects.exists()
    theirs.refresh_from_db()
    assert theirs.status == "running"
    scanning.work(theirs)
    assert theirs.status == "completed"
    assert EpisodeFile.objects.count() == 1


@pytest.mark.django_db
def test_a_scan_that_kills_its_workers_is_given_up(shelves: Shelves) -> None:
    Scan.objects.begin()
    for _time in range(MOST_LOST_WORKERS):
        Scan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert Scan.objects.claim()
    Scan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert Scan.objects.claim() is None
    assert Scan.objects.get().status == "failed"


@pytest.mark.django_db
def test_a_second_one_and_one_without_a_library_are_refused(shelves: Shelves) -> None:
    scanning.start()
    with pytest.raises(Conflict, match="already"), transaction.atomic():
        scanning.start()
    scanning.cancel()
    shelves.root.rmdir()
    with pytest.raises(LibraryUnavailable):
        scanning.start()


@pytest.mark.django_db
def test_the_sweep_rings_for_what_waits(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    monkeypatch.setattr(scanning, "_last_sweep", -1000.0)
    assert not scanning.ring_if_due()
    Scan.objects.request()
    assert scanning.ring_if_due()
    assert not scanning.ring_if_due()
    scan = Scan.objects.claim()
    assert scan
    monkeypatch.setattr(scanning, "_last_sweep", -1000.0)
    assert not scanning.ring_if_due()
    Scan.objects.update(cancel_requested=True)
    with pytest.raises(ScanCancelled):
        scan.hold()
