"""How old the numbers of a long queue may be."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from downloads import queue, statistics
from downloads.models import QueueItem
from tests.library.factories import make_episodes, make_series

# Seconds that a count takes, and then it is served for so many.
AGES = [(0.001, 1.0), (0.04, 2.0), (1.0, 5.0), (60.0, 5.0)]


@pytest.mark.django_db
@pytest.mark.parametrize(("takes", "age"), AGES)
def test_a_long_queue_is_counted_again_after_one_to_five_seconds(
    monkeypatch: pytest.MonkeyPatch, takes: float, age: float
) -> None:
    now, count = [1000.0], statistics._counted

    def counted() -> dict[str, dict[str, object]]:
        now[0] += takes
        return count()

    monkeypatch.setattr(statistics, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(statistics, "_counted", counted)
    monkeypatch.setattr(statistics, "_tally", statistics._Tally())
    monkeypatch.setattr(statistics._Tally, "LONG", 1)
    series = make_series()
    first, second, third = make_episodes(series, count=3)
    for episode in (first, second):
        QueueItem.objects.create(series=series, episode=episode, season=1, language="German Dub")
    assert statistics.statistics()["pending"] == 2
    QueueItem.objects.create(series=series, episode=third, season=1, language="German Dub")
    now[0] += age - 0.001
    assert statistics.statistics()["pending"] == 2
    now[0] += 0.002
    assert statistics.statistics()["pending"] == 3
    # And at once after a change that was made here.
    QueueItem.objects.filter(episode=third).update(status="cancelled")
    statistics.forget()
    assert statistics.statistics()["pending"] == 2


@pytest.mark.django_db
def test_what_is_done_here_to_items_of_a_long_queue_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "_tally", statistics._Tally())
    monkeypatch.setattr(statistics._Tally, "LONG", 1)
    series = make_series()
    one, other = (
        QueueItem.objects.create(series=series, episode=episode, season=1, language="German Dub")
        for episode in make_episodes(series, count=2)
    )

    def waiting_and_paused() -> tuple[int, int]:
        counts = statistics.statistics()
        return counts["pending"], counts["paused"]

    assert waiting_and_paused() == (2, 0)
    assert queue.pause_item(one)
    assert waiting_and_paused() == (1, 1)
    assert queue.pause_all([one.pk, other.pk]) == 1
    assert waiting_and_paused() == (0, 2)
    assert queue.resume_item(one)
    assert waiting_and_paused() == (1, 1)
    assert queue.resume_all([one.pk, other.pk]) == 1
    assert waiting_and_paused() == (2, 0)
