"""The limits of the bandwidth: kept together, changed at run time, left at once, and no reason to call a host slow."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from aniworld.configuration import store
from downloads import control as module
from downloads import window
from downloads.control import Control, Transfer
from downloads.fetchers import ytdlp
from downloads.interruptions import LeaseLost, Stalled, TooSlow
from downloads.models import QueueItem
from downloads.pace import UNLIMITED_PIECE, Shared
from providers.contracts import StreamKind
from providers.models import Provider
from tests.downloads.hosting import Hosting, Resource, hosting, job, leased_item
from tests.running import eventually

MEGABIT = 125_000


@pytest.fixture
def item(transactional_db: None, settings: Any, tmp_path: Path) -> QueueItem:
    """Leased, and no rate of another test in the way."""
    settings.RUN_DIR = tmp_path
    return leased_item()


def _limit(mbps: float | None, **values: Any) -> None:
    store.change({"downloads": {"bandwidth_limit_mbps": mbps, **values}})


def _draw(pace: Shared, until: float, size: list[tuple[float, int]]) -> None:
    """Reads as fast as it is let."""
    while clock.monotonic() < until:
        piece = pace.piece
        pace.took(piece)
        size.append((clock.monotonic(), piece))


def _together(paces: list[Shared], readers: int, seconds: float) -> list[tuple[float, int]]:
    """What so many readers at each got, and when."""
    until, drawn = clock.monotonic() + seconds, list[tuple[float, int]]()
    threads = [
        threading.Thread(target=_draw, args=(pace, until, drawn)) for pace in paces for _reader in range(readers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(drawn)


def test_all_readers_of_all_downloads_keep_the_limit_and_the_flow_is_even(item: QueueItem) -> None:
    _limit(20)
    with Control(item) as one, Control(item) as two:
        drawn = _together([Shared(one, "voe"), Shared(two, "vidoza")], readers=8, seconds=3)
    began, ended = drawn[0][0], drawn[-1][0]
    got = sum(count for _moment, count in drawn)
    assert got <= 20 * MEGABIT * (ended - began + 0.3) * 1.02
    assert got >= 20 * MEGABIT * (ended - began) * 0.8
    quarters = [0] * 8
    for moment, count in drawn:
        if moment - began < 2:
            quarters[int((moment - began) * 4)] += count
    assert max(quarters[1:]) < 20 * MEGABIT


def test_a_provider_s_limit_holds_for_it_alone(item: QueueItem) -> None:
    Provider.objects.create(name="tight", kind="host", display_name="Tight", bandwidth_limit_mbps=4)
    with Control(item) as control:
        tight, free = Shared(control, "tight"), Shared(control, "free")
        assert free.piece == UNLIMITED_PIECE > tight.piece
        drawn = _together([tight], readers=4, seconds=1.5)
    seconds = drawn[-1][0] - drawn[0][0]
    assert sum(count for _moment, count in drawn) <= 4 * MEGABIT * (seconds + 0.4) * 1.02


def test_the_tighter_of_both_holds(item: QueueItem) -> None:
    Provider.objects.create(name="tight", kind="host", display_name="Tight", bandwidth_limit_mbps=100)
    _limit(2)
    with Control(item) as control:
        drawn = _together([Shared(control, "tight")], readers=4, seconds=1)
    assert sum(count for _moment, count in drawn) <= 2 * MEGABIT * 1.5


def test_without_a_limit_nothing_is_waited_for_or_written(item: QueueItem, tmp_path: Path) -> None:
    with Control(item) as control:
        pace = Shared(control, "voe")
        began = clock.monotonic()
        for _read in range(10_000):
            pace.took(pace.piece)
        assert clock.monotonic() - began < 1
    assert not (tmp_path / "rates").exists()


def _wait_in(control: Control, pace: Shared, ended: list[object]) -> threading.Thread:
    def read() -> None:
        try:
            pace.took(10 * MEGABIT)
            ended.append("through")
        except LeaseLost as lost:
            ended.append(lost)

    reader = threading.Thread(target=read)
    reader.start()
    return reader


@pytest.mark.parametrize("lifted", [None, 10_000.0])
def test_a_change_reaches_those_who_wait_within_two_seconds(item: QueueItem, lifted: float | None) -> None:
    _limit(0.1)
    ended: list[object] = []
    with Control(item) as control:
        reader = _wait_in(control, Shared(control, "voe"), ended)
        control.begin(Transfer(0, None))
        _limit(lifted)
        reader.join(3)
        assert ended == ["through"]


def test_a_limit_that_comes_holds_within_two_seconds(item: QueueItem) -> None:
    with Control(item) as control:
        pace = Shared(control, "voe")
        _limit(1)
        eventually(lambda: pace.piece < UNLIMITED_PIECE, 2, "the limit seen")


def test_a_cancel_ends_the_wait(item: QueueItem) -> None:
    _limit(0.01)
    ended: list[object] = []
    with Control(item) as control:
        reader = _wait_in(control, Shared(control, "voe"), ended)
        QueueItem.objects.get(pk=item.pk).cancel()
        reader.join(2)
    assert [type(one) for one in ended] == [LeaseLost]


def test_at_certain_hours_the_other_limit_is_in_force(item: QueueItem) -> None:
    now = timezone.localtime()

    def hours(start: timedelta, end: timedelta) -> dict[str, Any]:
        return {"timed_limit_start": f"{now + start:%H:%M}", "timed_limit_end": f"{now + end:%H:%M}"}

    hour = timedelta(hours=1)
    _limit(8, timed_limit_mbps=1, **hours(-hour, hour))
    assert window.bandwidth_limit() == 1
    _limit(8, timed_limit_mbps=1, **hours(hour, 2 * hour))
    assert window.bandwidth_limit() == 8
    _limit(None, timed_limit_mbps=1, **hours(-hour, hour))
    assert window.bandwidth_limit() == 1


class _Held:
    """A limit that holds everything back, or nothing."""

    def __init__(self, *, held: bool) -> None:
        self.held = held

    def look(self) -> None:
        """Nothing changes."""

    def held_back(self) -> bool:
        return self.held


@pytest.fixture
def fast(item: QueueItem, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """Looked at often, with a transfer that gains nothing to speak of."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    store.change({"downloads": {"stall_seconds": 5, "minimum_speed_kbps": 1000}})
    with Control(item) as control:
        yield control


def _long_ago(transfer: Transfer) -> None:
    transfer._marks = [(clock.monotonic() - 6, transfer.done, transfer._held)]


@pytest.mark.parametrize(("gained", "error"), [(10, TooSlow), (0, Stalled)])
def test_what_our_limit_holds_back_is_neither_slow_nor_stalled(
    fast: Control, gained: int, error: type[Exception]
) -> None:
    limit, transfer = _Held(held=True), Transfer(100, 1000)
    fast.keep_to(limit)
    fast.begin(transfer)
    _long_ago(transfer)
    transfer.advance(gained)
    eventually(lambda: transfer._held > 5, 5, "a look")
    fast.check()
    limit.held = False
    _long_ago(transfer)
    transfer.advance(gained)
    eventually(lambda: fast._error, 5, "the host blamed")
    with pytest.raises(error):
        fast.check()
    fast.end()


def _reads(pace: Shared, seconds: float, read: Callable[[], int]) -> bool:
    """Whether the limit is what holds a reader back that gets `read()` bytes each time."""
    until = clock.monotonic() + seconds
    while clock.monotonic() < until:
        pace.took(read())
    return pace.held_back()


def test_the_host_is_held_back_only_when_it_has_more_than_may_be_taken(item: QueueItem) -> None:
    _limit(2)
    with Control(item) as control:
        pace = Shared(control, "voe")
        assert _reads(pace, 1, lambda: pace.piece)

        def slowly() -> int:
            clock.sleep(0.05)
            return 200

        assert not _reads(pace, 0.5, slowly)
        connection.close()


@pytest.fixture
def host() -> Iterator[Hosting]:
    with hosting() as found:
        found.resources["/film.mp4"] = Resource(bytes(2_000_000))
        yield found


def test_yt_dlp_keeps_to_the_limit_and_is_not_called_slow(
    transactional_db: None, settings: Any, host: Hosting, tmp_path: Path
) -> None:
    settings.RUN_DIR = tmp_path
    rules = {"free_space_floor_gb": 0, "stall_seconds": 5, "minimum_speed_kbps": 5000}
    store.change({"downloads": {**rules, "bandwidth_limit_mbps": 2}})
    own = host.address.removeprefix("http://")
    with job(f"{host.address}/film.mp4", StreamKind.YTDLP, tmp_path / "work", allowed=own) as one:
        paced = Shared(one.control, "direct")
        began = clock.monotonic()
        fetched = ytdlp.fetch(replace(one, pace=paced))
    assert clock.monotonic() - began > 0.8 * 2_000_000 / (2 * MEGABIT)
    assert fetched.path.stat().st_size == 2_000_000
