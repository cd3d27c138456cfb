"""What only an operator can mend is waited for: switched-off hosts, and a library whose disk is not mounted."""

from __future__ import annotations

from pathlib import Path

from downloads import engine, queue, tasks, upkeep
from downloads.models import QueueItem
from library.models import Episode, Series
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import HOSTS


def _run_next() -> QueueItem:
    QueueItem.objects.update(next_attempt_at=None)
    item = tasks.claim()
    assert item
    engine.run(item)
    item.refresh_from_db()
    return item


def test_hosts_that_are_switched_off_are_waited_for(demo: Demo, series: Series, episode: Episode) -> None:
    queue.enqueue(series, [episode])
    for name in HOSTS:
        Provider.objects.get(name=name).disable()
    for _round in range(5):
        item = _run_next()
        assert (item.status, item.rounds) == ("pending", 0)
        assert "is switched off: Demo" in item.error_message
        assert item.next_attempt_at
    Provider.objects.get(name=HOSTS[0]).enable()
    assert _run_next().status == "completed"


def test_an_emptied_library_is_not_filled_anew(demo: Demo, series: Series, episode: Episode, library: Path) -> None:
    first, second = series.episodes.filter(season=1).order_by("number")[:2]
    queue.enqueue(series, [first])
    assert _run_next().status == "completed"
    away = library.rename(library.with_name("away"))
    library.mkdir()
    queue.enqueue(series, [second])
    item = _run_next()
    assert (item.status, item.pause_reason) == ("paused", "library_unavailable")
    assert "is empty, but files are known in it" in item.error_message
    QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=item.created_at)
    upkeep.resume_parked()
    item.refresh_from_db()
    assert item.status == "paused"
    assert list(library.iterdir()) == []
    library.rmdir()
    away.rename(library)
    QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=item.created_at)
    upkeep.resume_parked()
    assert _run_next().status == "completed"
