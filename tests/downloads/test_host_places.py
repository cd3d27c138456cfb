"""How many downloads a host serves at once, and how many run in all: over processes, and when it is changed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from aniworld.configuration import store
from downloads import engine, queue, rounds, tasks, why
from downloads.control import Control
from downloads.interruptions import PlaceLost
from downloads.models import Priority, QueueItem
from downloads.places import Place
from library.models import Series
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HLS, MP4
from tests.downloads.racing import most_at_once, race
from tests.library.factories import make_episodes, make_series
from tests.migrated import database, run
from tests.running import eventually

ITEMS, WORKERS, PLACES = 60, 4, 2


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_racing_processes_keep_the_places_of_a_host(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as environment:
        run(environment, "-m", "tests.downloads.claimer", "seed", str(ITEMS))
        lines = race(environment, "occupy", PLACES, WORKERS)
    assert len({line["item"] for line in lines}) == len(lines) == ITEMS
    assert most_at_once(lines) == PLACES


@pytest.fixture
def running(transactional_db: None, settings: Any) -> list[QueueItem]:
    """Four leased ones, in the queue's order."""
    store.change({"downloads": {"max_concurrent_downloads": 4}})
    series = make_series()
    QueueItem.objects.bulk_create(
        QueueItem(series=series, episode=episode, season=1, language="German Dub", position=number)
        for number, episode in enumerate(make_episodes(series, count=4))
    )
    found = [QueueItem.objects.claim_next(f"one:{number}", limit=9, own_limit=9) for number in range(4)]
    return [item for item in found if item]


def test_a_place_is_held_until_the_item_moves_on_or_leaves(running: list[QueueItem]) -> None:
    one, two, three, _four = running
    assert one.occupy("voe", 2)
    assert one.occupy("voe", 2)
    assert two.occupy("voe", 2)
    assert not three.occupy("voe", 2)
    assert three.occupy("voe", 3)
    assert three.occupy("vidoza", 1)
    assert one.park()
    assert not three.occupy("voe", 1)
    assert two.complete("x.mp4", 1)
    assert three.occupy("voe", 1)
    assert not one.occupy("voe", 9)


def test_a_lower_limit_sends_the_last_ones_back_and_a_higher_one_none(running: list[QueueItem]) -> None:
    running[3].prioritise(Priority.HIGH)
    controls = [Control(item) for item in running]
    for control in controls:
        control.__enter__()
    try:
        for limit, lost in ((9, set[int]()), (2, {1, 2})):
            store.change({"downloads": {"max_concurrent_downloads": limit}})
            eventually(lambda: {n for n, control in enumerate(controls) if control._error} == lost, 3, "those left")  # noqa: B023
        with pytest.raises(PlaceLost, match="Only 2 downloads"):
            controls[1].check()
        controls[0].check()
    finally:
        for control in controls:
            control.__exit__(None, None, None)


def test_a_lower_limit_of_a_host_sends_back_who_is_too_many_there(running: list[QueueItem]) -> None:
    host = Provider.objects.create(name="voe-2", kind="host", display_name="Two", max_concurrent_downloads=3)
    for item in running[:3]:
        item.occupy("voe-2", 3)
    with Control(running[0]) as first, Control(running[2]) as last, Control(running[3]) as elsewhere:
        host.max_concurrent_downloads = 2
        host.save()
        eventually(lambda: last._error, 3, "the loss seen")
        with pytest.raises(PlaceLost, match="voe-2"):
            last.check()
        first.check()
        elsewhere.check()


def test_who_moves_on_to_another_host_just_now_keeps_its_place(running: list[QueueItem]) -> None:
    Provider.objects.create(name="voe-2", kind="host", display_name="Two", max_concurrent_downloads=2)
    item = running[0]
    place = Place(item)
    assert item.occupy("voe-2", 2)
    # The row is ahead of what this object remembers, as for the watcher in the midst of `occupy`.
    QueueItem.objects.filter(pk=item.pk).update(provider="vidoza")
    assert place.lost() is None


def _limit(host: str, count: int) -> None:
    row = Provider.objects.get(name=host)
    row.max_concurrent_downloads = count
    row.save()


def _queued(series: Series, count: int) -> list[QueueItem]:
    episodes = list(series.episodes.filter(season=1).order_by("number")[:count])
    ids = queue.enqueue(series, episodes).added
    found = [tasks.claim() for _item in ids]
    return [item for item in found if item]


def test_when_a_host_is_full_the_next_one_is_taken(demo: Demo, series: Series) -> None:
    busy, item = _queued(series, 2)
    _limit(MP4, 1)
    assert busy.occupy(MP4, 1)
    engine.run(item)
    row = QueueItem.objects.get(pk=item.pk)
    assert row.status == "completed", row.error_message
    assert row.provider != MP4
    assert [attempt.outcome for attempt in row.attempts.all()] == ["completed"]


def test_when_all_are_full_it_waits_says_so_and_costs_no_round(
    demo: Demo, series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "PLACE_AGAIN", 1.5)
    for other in (HLS, AES):
        Provider.objects.get(name=other).disable()
    busy, item = _queued(series, 2)
    _limit(MP4, 1)
    assert busy.occupy(MP4, 1)
    engine.run(item)
    row = QueueItem.objects.get(pk=item.pk)
    assert (row.status, row.rounds, row.retry_count) == ("pending", 0, 0)
    assert "no free place" in row.error_message
    assert row.next_attempt_at
    assert not row.attempts.exists()


def test_a_place_that_gets_free_is_taken_at_once(demo: Demo, series: Series) -> None:
    for other in (HLS, AES):
        Provider.objects.get(name=other).disable()
    busy, item = _queued(series, 2)
    _limit(MP4, 1)
    assert busy.occupy(MP4, 1)

    def leave() -> None:
        eventually(lambda: "no free place" in QueueItem.objects.get(pk=item.pk).error_message, 20, "waiting")
        busy.park()

    leaving = threading.Thread(target=leave)
    leaving.start()
    engine.run(item)
    leaving.join()
    row = QueueItem.objects.get(pk=item.pk)
    assert (row.status, row.error_message) == ("completed", "")


def test_why_names_no_host_while_it_waits_for_a_place_after_one_failed(demo: Demo, series: Series) -> None:
    Provider.objects.get(name=AES).disable()
    demo.fault(MP4, "404", stage="embed")
    busy, item = _queued(series, 2)
    _limit(HLS, 1)
    assert busy.occupy(HLS, 1)
    told: list[str] = []

    def leave() -> None:
        eventually(lambda: "no free place" in QueueItem.objects.get(pk=item.pk).error_message, 20, "waiting")
        told.append(why.of_item(QueueItem.objects.get(pk=item.pk)).reason)
        busy.park()

    leaving = threading.Thread(target=leave)
    leaving.start()
    engine.run(item)
    leaving.join()
    assert [attempt.provider for attempt in item.attempts.order_by("pk")] == [MP4, HLS]
    assert "A worker looks for a source." in told[0]
    assert "no free place, it allows 1 at once" in told[0]
    assert "serves it now" not in told[0]
