"""What is queued by itself: what is new, what is missing, and never what somebody did not want."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from aniworld.configuration import store
from downloads import automatic, queue, removal, undo
from downloads.automatic import Queued
from downloads.models import QueueItem
from library.models import Episode, Series
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db
SUB, DUB, OTHER = "German Sub", "German Dub", "English Dub"
SEEN = "2026-11-01T00:00:00Z"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}})


def a_series(count: int = 3, **values: object) -> tuple[Series, list[Episode]]:
    series = make_series(checked_at=timezone.now(), **values)
    return series, make_episodes(series, count=count, languages={SUB: SEEN})


def new(*episodes: Episode) -> None:
    Episode.objects.filter(pk__in=[episode.pk for episode in episodes]).found(timezone.now())


def queued() -> set[str]:
    return {item.episode.code for item in QueueItem.objects.live().select_related("episode")}


def everything() -> Queued:
    return automatic.queue_missing(lambda _total: True)


def test_only_what_is_new_is_queued_once() -> None:
    _series, (_first, _second, third) = a_series()
    new(third)
    assert automatic.queue_found() == Queued(1)
    assert queued() == {"S01E03"}
    assert QueueItem.objects.get().language_fixed is False
    assert automatic.queue_found() == Queued()
    assert not Episode.objects.filter(found_at__isnull=False).exists()


def test_what_is_found_anew_while_it_is_queued_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dub comes out between the look at it and the end: it stays new for the next look."""
    series, (first, *_rest) = a_series()
    series.change(monitored=False)
    new(first)
    look = automatic._queue

    def slowly(*given: Any, **more: Any) -> Queued:
        new(first)
        return look(*given, **more)

    series.change(monitored=True)
    Episode.objects.update(languages={"English Dub": "2026-01-01T00:00:00Z"})
    monkeypatch.setattr(automatic, "_queue", slowly)
    automatic.queue_found()
    assert Episode.objects.get(pk=first.pk).found_at
    monkeypatch.undo()
    automatic.queue_found()
    assert not Episode.objects.get(pk=first.pk).found_at


def test_nothing_is_queued_of_what_is_not_monitored_any_more() -> None:
    series, episodes = a_series()
    new(*episodes)
    series.change(monitored=False)
    automatic.queue_found()
    assert queued() == set()
    assert not Episode.objects.filter(found_at__isnull=False).exists()


def test_what_is_new_waits_for_a_library_that_is_away(tmp_path: Path) -> None:
    _series, episodes = a_series()
    new(*episodes)
    (tmp_path / "library").rename(tmp_path / "away")
    automatic.queue_found()
    assert Episode.objects.filter(found_at__isnull=False).count() == 3
    (tmp_path / "away").rename(tmp_path / "library")
    assert automatic.queue_found() == Queued(3)


def test_what_is_missing_of_monitored_series_is_queued() -> None:
    a_series()
    a_series(monitored=False)
    make_episodes(make_series(provider="", slug=""), languages={SUB: SEEN})
    other, _episodes = a_series()
    Episode.objects.filter(series=other, number=1).update(languages={OTHER: SEEN})
    Episode.objects.filter(series=other, number=2).update(languages={})
    other.episodes.get(number=3).record_file(SUB, "x.mp4", size=1, duration=None, mtime=0)
    assert everything() == Queued(3)
    assert everything() == Queued()


def test_what_was_cancelled_is_not_queued_again_until_somebody_does() -> None:
    series, (first, second, third) = a_series()
    queue.enqueue(series, [first, second])
    ids = list(QueueItem.objects.order_by("pk").values_list("pk", flat=True))
    removed = queue.cancel(ids)
    new(first)
    assert automatic.queue_found() == Queued()
    everything()
    assert queued() == {third.code}
    # Also when nothing tells of the item any more.
    QueueItem.objects.exclude(episode=third).delete()
    assert everything() == Queued()
    queue.enqueue(series, [first])
    first.refresh_from_db()
    assert first.left_alone == ""
    assert removed.undo_id


def test_an_undo_takes_back_that_it_is_left_alone() -> None:
    series, (first, *_others) = a_series()
    queue.enqueue(series, [first])
    removed = queue.cancel([QueueItem.objects.get().pk])
    first.refresh_from_db()
    assert first.left_alone == "removed"
    undo.undo(removed.undo_id)
    first.refresh_from_db()
    assert first.left_alone == ""


def test_what_failed_for_good_is_not_queued_again_but_may_be_retried() -> None:
    series, (first, *_others) = a_series(count=1)
    queue.enqueue(series, [first])
    item = QueueItem.objects.get()
    assert item.take("here:1", timezone.now())
    item.fail("Every source was tried.")
    assert everything() == Queued()
    first.refresh_from_db()
    assert first.left_alone == "failed"
    assert queue.retry()[0] == [item.pk]
    first.refresh_from_db()
    assert first.left_alone == ""
    queue.cancel([item.pk])
    # Somebody looked at it and took it away; that another language came is no reason.
    new(first)
    assert automatic.queue_found() == Queued()


def test_what_arrived_and_is_taken_off_the_list_is_not_left_alone() -> None:
    series, (first, *_others) = a_series(count=1)
    queue.enqueue(series, [first])
    item = QueueItem.objects.get()
    assert item.take("here:1", timezone.now())
    assert item.complete("x.mp4", 1)
    queue.cancel([item.pk])
    first.refresh_from_db()
    assert first.left_alone == ""


def test_removing_a_series_says_nothing_of_its_episodes() -> None:
    series, (first, *_others) = a_series()
    queue.enqueue(series, [first])
    removal.remove_series(series)
    first.refresh_from_db()
    assert first.left_alone == ""
    new(first)
    automatic.queue_found()
    assert queued() == set()


def test_looking_at_all_series_costs_the_same_for_each() -> None:
    for _number in range(3):
        a_series()
    everything()
    few = queries_of(everything)
    for _number in range(3):
        a_series()
    everything()
    assert queries_of(everything) <= 2 * few
