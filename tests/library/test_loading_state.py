"""Who loads a series, and how that goes on when a loader is slow, killed, or told to stop."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from aniworld.live.models import Event, Progress
from aniworld.refusals import Conflict, Invalid
from library.lease import LeaseKeeper
from library.models import LoadingLost, Series, loading_state
from tests.library.factories import make_series
from tests.running import eventually

pytestmark = pytest.mark.django_db


def claim(limit: int = 5) -> Series:
    series = Series.objects.claim_for_loading(limit)
    assert series is not None
    return series


def expire(series: Series) -> None:
    Series.objects.filter(pk=series.pk).update(loading_lease_until=timezone.now() - timedelta(seconds=1))


def last_event() -> Event:
    event = Event.objects.last()
    assert event is not None
    return event


def test_the_way_of_a_loading_is_told() -> None:
    make_series(key="show")
    series = claim()
    series.begin_part("episodes", "Reading")
    series.tell_loading("Season 1", percent=50)
    assert Progress.objects.get(pk="series_loading_show").percent == 50
    series.finish_part("episodes", "12 episodes", total_episodes=12)
    series.complete_loading("Done")
    told = list(Event.objects.values_list("type", "data__loading_status", "data__progress__episodes"))
    assert told == [
        ("series_loading_update", "loading_episodes", False),
        ("series_loading_update", "loading_episodes", False),
        ("series_loading_update", "loading_episodes", False),
        ("series_loading_update", "loading_episodes", True),
        ("series_loading_update", "completed", True),
    ]
    assert last_event().data == {
        "key": "show",
        "loading_status": "completed",
        "message": "Done",
        "progress": {"episodes": True, "nfo": False, "logo": False, "images": False},
        "error": None,
    }
    stored = Series.objects.get(pk=series.pk)
    assert (stored.loading_token, stored.total_episodes, stored.missing_parts) == ("", 12, ("nfo", "logo", "images"))
    assert Progress.objects.get(pk="series_loading_show").status == "completed"


def test_at_most_so_many_are_loaded_at_once() -> None:
    for _number in range(4):
        make_series()
    claim(2), claim(2)
    assert Series.objects.claim_for_loading(2) is None
    assert Series.objects.claim_for_loading(3) is not None


def test_a_killed_loader_is_succeeded_and_may_not_write_any_more() -> None:
    make_series()
    first = claim()
    assert Series.objects.claim_for_loading(5) is None
    expire(first)
    second = claim()
    assert second.pk == first.pk
    for write in (
        lambda: first.tell_loading("still here"),
        lambda: first.hold_loading(year=1999),
        lambda: first.complete_loading("done"),
        lambda: first.retry_loading("again", retries=3),
        lambda: first.fail_loading("no"),
    ):
        with pytest.raises(LoadingLost):
            write()
    second.complete_loading("done")
    assert Series.objects.get(pk=first.pk).year is None


def test_what_kills_its_loaders_fails_in_the_end() -> None:
    series = make_series()
    for _death in range(loading_state.MOST_LOST_WORKERS + 1):
        claim()
        expire(series)
    assert Series.objects.claim_for_loading(5) is None
    series.refresh_from_db()
    assert (series.loading_status, "vanished" in series.loading_error) == ("failed", True)


def test_retries_wait_longer_each_time_and_survive_in_the_row() -> None:
    series = make_series()
    for number, seconds in enumerate((1, 2, 4), start=1):
        before = timezone.now()
        assert claim().retry_loading("no answer", retries=3)
        series.refresh_from_db()
        assert (series.loading_status, series.loading_retries) == ("pending", number)
        assert series.loading_next_try is not None
        assert 0 <= (series.loading_next_try - before).total_seconds() - seconds < 1
        assert Series.objects.claim_for_loading(5) is None
        Series.objects.update(loading_next_try=timezone.now())
    assert not claim().retry_loading("no answer", retries=3)
    series.refresh_from_db()
    assert (series.loading_status, series.loading_error) == ("failed", "no answer")


def test_a_site_may_ask_for_a_longer_pause() -> None:
    series = make_series()
    claim().retry_loading("slow down", retries=3, least_delay=90)
    series.refresh_from_db()
    assert series.loading_next_try is not None
    assert series.loading_next_try > timezone.now() + timedelta(seconds=80)


def test_reload_starts_over_and_takes_the_lease_away() -> None:
    make_series()
    loader = claim()
    loader.finish_part("episodes", "found")
    series = Series.objects.get(pk=loader.pk)
    series.reload(["episodes"])
    assert (series.loading_status, series.episodes_loaded) == ("pending", False)
    with pytest.raises(LoadingLost):
        loader.complete_loading("done")
    with pytest.raises(Invalid):
        series.reload(["posters"])


def test_removing_stops_the_loading_and_restoring_resumes_it() -> None:
    make_series(key="gone")
    loader = claim()
    assert Series.objects.get(pk=loader.pk).remove()
    assert last_event().type == "series_removed"
    with pytest.raises(LoadingLost):
        loader.tell_loading("still here")
    assert Series.objects.claim_for_loading(5) is None
    series = Series.objects.get(pk=loader.pk)
    assert not series.remove()
    with pytest.raises(Conflict):
        series.reload()
    assert series.restore()
    assert last_event().type == "series_added"
    assert not series.restore()
    assert claim().pk == series.pk


@pytest.mark.django_db(transaction=True)
def test_racing_loaders_never_share_a_series() -> None:
    for _number in range(20):
        make_series()
    ready = threading.Barrier(4)

    def work() -> list[int]:
        ready.wait()
        taken = []
        try:
            while (series := Series.objects.claim_for_loading(100)) is not None:
                taken.append(series.pk)
        finally:
            connections.close_all()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [pk for future in [pool.submit(work) for _loader in range(4)] for pk in future.result()]
    assert sorted(taken) == sorted(Series.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_for_racing_loaders() -> None:
    for _number in range(12):
        make_series()
    ready = threading.Barrier(4)

    def work() -> int:
        ready.wait()
        try:
            return sum(Series.objects.claim_for_loading(3) is not None for _try in range(3))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        taken = sum(future.result() for future in [pool.submit(work) for _loader in range(4)])
    assert taken == 3


@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("library.lease.LEASE", timedelta(seconds=0.3))
    make_series()
    series = claim()
    first = series.loading_lease_until
    assert first is not None
    deadline = timezone.now() + timedelta(seconds=10)
    keeper = LeaseKeeper()
    token = keeper.keep(series)
    while timezone.now() < deadline:
        series.refresh_from_db()
        if series.loading_lease_until != first:
            break
        threading.Event().wait(0.02)
    keeper.release(token)
    assert series.loading_lease_until != first
    assert keeper.is_idle


@pytest.mark.django_db(transaction=True)
def test_the_lease_of_a_loader_that_is_stuck_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("library.lease.LEASE", timedelta(seconds=0.3))
    monkeypatch.setattr("library.lease.PATIENCE", 0.5)
    make_series()
    series = claim()
    keeper = LeaseKeeper()
    keeper.keep(series)
    eventually(lambda: keeper.is_idle, 10)
    Series.objects.update(loading_lease_until=timezone.now() - timedelta(seconds=1))
    successor = claim()
    assert successor.pk == series.pk
    with pytest.raises(LoadingLost):
        series.tell_loading("on it again")


@pytest.mark.django_db(transaction=True)
def test_whoever_writes_now_and_then_keeps_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("library.lease.LEASE", timedelta(seconds=0.06))
    monkeypatch.setattr("library.lease.PATIENCE", 1.0)
    make_series()
    series = claim()
    keeper = LeaseKeeper()
    token = keeper.keep(series)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        series.hold_loading()
        threading.Event().wait(0.1)
    assert not keeper.is_idle
    keeper.release(token)
