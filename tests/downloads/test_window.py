"""The download window: its arithmetic, and what becomes of waiting and running downloads."""

from __future__ import annotations

import threading
import time as clock
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.brokers import get_broker
from hypothesis import given
from hypothesis import strategies as st

from aniworld.configuration import store
from downloads import bell, engine, queue, statistics, tasks, upkeep, window
from downloads.models import QueueItem
from downloads.window import Hours
from library.models import Episode, Series
from tests.downloads.conftest import Demo
from tests.running import eventually

minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.datetimes(timezones=st.just(ZoneInfo("UTC")), allow_imaginary=False).filter(lambda now: now.year < 9999)


@given(minutes, minutes, st.times())
def test_the_hours_and_their_rest_are_the_whole_day(start: time, end: time, moment: time) -> None:
    assert Hours(start, end).contain(moment) != (start != end and Hours(end, start).contain(moment))


@given(minutes, minutes)
def test_the_beginning_is_within_and_the_end_is_not(start: time, end: time) -> None:
    assert Hours(start, end).contain(start)
    assert Hours(start, end).contain(end) == (start == end)


@given(minutes, minutes, moments)
def test_they_begin_at_the_first_moment_that_is_within(start: time, end: time, now: datetime) -> None:
    hours = Hours(start, end)
    begin = hours.begin_after(now)
    assert hours.contain(begin.time())
    assert now <= begin <= now + timedelta(days=1)
    assert (begin == now) == hours.contain(now.time())
    if begin > now:
        assert (begin.hour, begin.minute) == (start.hour, start.minute)
        assert not hours.contain((begin - timedelta(seconds=1)).time())


def test_over_midnight_and_in_one_day() -> None:
    night, day = Hours(time(22), time(6)), Hours(time(9), time(17))
    assert [night.contain(time(hour)) for hour in (21, 22, 23, 0, 5, 6)] == [False, True, True, True, True, False]
    assert [day.contain(time(hour)) for hour in (8, 9, 16, 17)] == [False, True, True, False]


def test_in_the_machine_s_time_zone(db: None, settings: Any) -> None:
    now = timezone.now()
    settings.TIME_ZONE = "Asia/Kathmandu"
    there = now.astimezone(ZoneInfo("Asia/Kathmandu"))
    _set(there - timedelta(minutes=2), there + timedelta(minutes=2))
    assert window.opens_at() is None
    settings.TIME_ZONE = "UTC"
    assert window.opens_at() is not None


def _set(start: datetime, end: datetime) -> None:
    store.change({"downloads": {"window_start": f"{start:%H:%M}", "window_end": f"{end:%H:%M}"}})


def _close() -> None:
    """The window begins in an hour."""
    now = timezone.localtime()
    _set(now + timedelta(hours=1), now + timedelta(hours=2))


def _open() -> None:
    now = timezone.localtime()
    _set(now - timedelta(hours=1), now + timedelta(hours=1))


@pytest.fixture
def waiting(demo: Demo, series: Series, episode: Episode) -> QueueItem:
    [pk] = queue.enqueue(series, [episode]).added
    return QueueItem.objects.get(pk=pk)


def test_outside_nothing_is_claimed_and_nothing_rings(waiting: QueueItem) -> None:
    _close()
    get_broker(bell.CLUSTER).purge_queue()
    assert tasks.claim() is None
    upkeep.ring_if_due()
    assert get_broker(bell.CLUSTER).queue_size() == 0
    opens = statistics.switches()["window_opens_at"]
    assert opens is not None
    assert timedelta(minutes=55) < opens - timezone.now() <= timedelta(hours=1)
    _open()
    assert statistics.switches()["window_opens_at"] is None
    upkeep.ring_if_due()
    assert get_broker(bell.CLUSTER).queue_size() == 1
    assert tasks.claim()


def test_what_runs_waits_with_its_bytes_and_goes_on_when_the_window_opens(demo: Demo, waiting: QueueItem) -> None:
    demo.fault("demo-file", "speed", speed=80_000)
    item = tasks.claim()
    assert item
    closed: list[float] = []

    def close() -> None:
        eventually(lambda: QueueItem.objects.get(pk=item.pk).downloaded_bytes > 200_000, 30, "some bytes")
        _close()
        closed.append(clock.monotonic())

    operator = threading.Thread(target=close)
    operator.start()
    engine.run(item)
    operator.join()
    assert clock.monotonic() - closed[0] < 2.5
    row = QueueItem.objects.get(pk=item.pk)
    assert (row.status, row.pause_reason, row.rounds) == ("paused", "window", 0)
    assert row.next_attempt_at
    assert row.next_attempt_at > timezone.now() + timedelta(minutes=50)
    assert "window" in row.error_message
    had = row.downloaded_bytes
    assert had > 200_000
    upkeep.resume_parked()
    assert QueueItem.objects.get(pk=item.pk).status == "paused"
    demo.well()
    _open()
    assert upkeep.resume_parked() == 1
    again = tasks.claim()
    assert again
    engine.run(again)
    row = QueueItem.objects.get(pk=item.pk)
    assert row.status == "completed", row.error_message
    assert sum(line["bytes"] for line in demo.requests("media")) < row.downloaded_bytes


def test_who_says_now_means_now(waiting: QueueItem, capfd: pytest.CaptureFixture[str]) -> None:
    claimed = tasks.claim()
    assert claimed
    claimed.park(QueueItem.PauseReason.WINDOW, "closed", delay=3600)
    _close()
    call_command("download", waiting.series.key, waiting.episode.code, now=True)
    assert QueueItem.objects.get(pk=waiting.pk).status == "completed"
    assert "window" in capfd.readouterr().err
