"""What time alone changes: bells, parked items, left-over files, wishes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from django_q.brokers import get_broker

from aniworld.configuration import store
from downloads import bell, diskplan, queue, tasks, upkeep, wishes
from downloads.models import QueueItem
from library.models import Series
from tests.library.factories import make_episodes, make_series

Reason = QueueItem.PauseReason


@pytest.fixture
def series(transactional_db: None, tmp_path: Path, settings: Any) -> Series:
    settings.WORK_DIR = tmp_path / "work"
    settings.DATA_DIR = tmp_path
    (tmp_path / "work").mkdir()
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}, "downloads": {"free_space_floor_gb": 0}})
    found = make_series()
    make_episodes(found, count=6)
    return found


def _waiting() -> int:
    size: int = get_broker(bell.CLUSTER).queue_size()
    return size


def _silence() -> None:
    get_broker(bell.CLUSTER).purge_queue()


@pytest.fixture
def items(series: Series) -> list[QueueItem]:
    """Six pending ones, and no bell rung."""
    ids = queue.enqueue_missing(series).added
    _silence()
    return list(QueueItem.objects.filter(pk__in=ids).order_by("position"))


def test_enqueueing_rings_as_many_bells_as_may_download(series: Series) -> None:
    _silence()
    queue.enqueue_missing(series)
    assert _waiting() == store.current().downloads.max_concurrent_downloads == 2


def test_bells_are_rung_for_free_places_only_and_do_not_pile_up(items: list[QueueItem]) -> None:
    for _time in range(5):
        upkeep.ring_if_due()
    assert _waiting() == 2
    _silence()
    held = QueueItem.objects.claim_next("one:1", limit=2, own_limit=2)
    assert held
    upkeep.ring_if_due()
    assert _waiting() == 1
    _silence()
    assert QueueItem.objects.claim_next("one:2", limit=2, own_limit=2)
    upkeep.ring_if_due()
    assert _waiting() == 0


def test_no_bell_rings_when_nothing_is_due(items: list[QueueItem]) -> None:
    QueueItem.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1))
    upkeep.ring_if_due()
    assert _waiting() == 0
    QueueItem.objects.filter(pk=items[0].pk).update(next_attempt_at=timezone.now())
    upkeep.ring_if_due()
    assert _waiting() == 1


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_no_bell_rings_while_the_queue_rests(items: list[QueueItem], verb: str) -> None:
    getattr(queue, verb)()
    upkeep.ring_if_due()
    assert _waiting() == 0
    getattr(queue, {"pause": "resume", "stop": "start"}[verb])()
    assert _waiting() > 0


def test_an_abandoned_item_rings_a_bell(items: list[QueueItem]) -> None:
    QueueItem.objects.exclude(pk=items[0].pk).delete()
    item = QueueItem.objects.claim_next("one:1", limit=2, own_limit=2)
    assert item
    upkeep.ring_if_due()
    assert _waiting() == 0
    QueueItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    upkeep.ring_if_due()
    assert _waiting() == 1


def _parked(reason: str, delay: float) -> QueueItem:
    item = QueueItem.objects.claim_next("one:1", limit=9, own_limit=9)
    assert item
    item.park(reason, "why", delay=delay)
    return item


def _let_time_pass() -> None:
    QueueItem.objects.exclude(next_attempt_at=None).update(next_attempt_at=F("next_attempt_at") - timedelta(hours=2))


def test_blocked_items_resume_later_and_those_of_a_user_never(items: list[QueueItem]) -> None:
    blocked = _parked(Reason.BLOCKED, 1800)
    items[1].pause()
    assert upkeep.resume_parked() == 0
    _let_time_pass()
    assert upkeep.resume_parked() == 1
    blocked.refresh_from_db()
    items[1].refresh_from_db()
    assert (blocked.status, blocked.pause_reason, blocked.error_message) == ("pending", "", "")
    assert (items[1].status, items[1].next_attempt_at) == ("paused", None)


def test_a_user_who_pauses_while_the_sweep_looks_for_room_outweighs_it(
    items: list[QueueItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    parked = [_parked(Reason.DISK, 30), _parked(Reason.DISK, 30)]
    _let_time_pass()
    fitting = diskplan.fitting

    def paused_meanwhile(waiting: Iterable[QueueItem]) -> list[QueueItem]:
        QueueItem.objects.get(pk=parked[0].pk).pause()
        return fitting(waiting)

    monkeypatch.setattr(diskplan, "fitting", paused_meanwhile)
    assert upkeep.resume_parked() == 1
    for item in parked:
        item.refresh_from_db()
    assert [(item.status, item.pause_reason) for item in parked] == [("paused", "user"), ("pending", "")]
    assert parked[0].next_attempt_at is None


def test_a_missing_library_keeps_what_waits_for_it(items: list[QueueItem], tmp_path: Path) -> None:
    item = _parked(Reason.LIBRARY, 30)
    (tmp_path / "library").rmdir()
    _let_time_pass()
    assert upkeep.resume_parked() == 0
    item.refresh_from_db()
    assert item.next_attempt_at
    assert item.next_attempt_at > timezone.now()
    (tmp_path / "library").mkdir()
    _let_time_pass()
    assert upkeep.resume_parked() == 1


def _old_folder(root: Path, name: str) -> Path:
    folder = root / name
    (folder / "token").mkdir(parents=True)
    (folder / "token" / "data").write_bytes(b"x")
    long_ago = time.time() - upkeep.LEFT_ALONE_SECONDS - 10
    os.utime(folder, (long_ago, long_ago))
    return folder


def test_only_what_belongs_to_nobody_is_removed(items: list[QueueItem], tmp_path: Path) -> None:
    work = tmp_path / "work"
    cancelled = items[0]
    cancelled.cancel()
    unknown, over, live = (_old_folder(work, name) for name in ("999999", str(cancelled.pk), str(items[1].pk)))
    foreign = _old_folder(work, "not-ours")
    young = work / "888888"
    young.mkdir()
    (work / "777777").write_text("a file")
    link = work / "666666"
    link.symlink_to(tmp_path / "library")
    assert upkeep.remove_left_over() == 2
    assert not unknown.exists()
    assert not over.exists()
    assert (live / "token" / "data").read_bytes() == b"x"
    assert all(path.exists() for path in (foreign, young, work / "777777", link, tmp_path / "library"))


def test_what_another_sweep_put_aside_just_now_is_left_to_that(
    items: list[QueueItem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = tmp_path / "work" / "removed-5-0a1b2c3d"
    aside.mkdir(parents=True)
    assert upkeep.remove_left_over() == 0
    assert aside.exists()
    monkeypatch.setattr(upkeep, "LEFT_ALONE_SECONDS", -1)
    upkeep.remove_left_over()
    assert not aside.exists()


def test_a_missing_work_folder_is_no_error(series: Series, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "work")
    assert upkeep.remove_left_over() == 0


def test_the_sweep_says_what_it_did(items: list[QueueItem], tmp_path: Path) -> None:
    _parked(Reason.BLOCKED, 1)
    _let_time_pass()
    _old_folder(tmp_path / "work", "999999")
    assert tasks.sweep() == "1 items resumed, 1 work folders removed"
    assert tasks.sweep() == "0 items resumed, 0 work folders removed"
    assert _waiting() == 2


def test_a_wish_is_queued_once_when_the_episodes_are_known(series: Series) -> None:
    Series.objects.filter(pk=series.pk).update(download_when_loaded=True)
    wishes.queue_wanted()
    assert not QueueItem.objects.exists()
    Series.objects.filter(pk=series.pk).update(episodes_loaded=True)
    wishes.queue_wanted()
    assert QueueItem.objects.count() == 6
    QueueItem.objects.all().delete()
    wishes.queue_wanted()
    assert not QueueItem.objects.exists()


def test_a_wish_waits_for_the_library_folder(series: Series, tmp_path: Path) -> None:
    Series.objects.filter(pk=series.pk).update(download_when_loaded=True, episodes_loaded=True)
    (tmp_path / "library").rmdir()
    wishes.queue_wanted()
    assert not QueueItem.objects.exists()
    (tmp_path / "library").mkdir()
    wishes.queue_wanted()
    assert QueueItem.objects.count() == 6


def test_the_wish_of_a_removed_series_is_not_queued(series: Series) -> None:
    Series.objects.filter(pk=series.pk).update(download_when_loaded=True, episodes_loaded=True)
    series.remove()
    wishes.queue_wanted()
    assert not QueueItem.objects.exists()


def test_what_a_dead_holder_had_is_not_taken_from_its_successor(items: list[QueueItem]) -> None:
    old = QueueItem.objects.claim_next("dead:1", limit=9, own_limit=9)
    assert old
    QueueItem.objects.filter(pk=old.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    new = QueueItem.objects.claim_next("living:1", limit=9, own_limit=9)
    assert new
    assert not old.give_back()
    assert new.is_leased()
    assert new.give_back()
