"""The broker that looks into SQLite only after a change: no task is left lying, and nothing asked while it rests."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ

from aniworld.supervisor import broker, changes
from aniworld.supervisor.broker import Watchful
from tests.aniworld.elsewhere import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def resting() -> Watchful:
    """One that has looked, found nothing, and has no reason to look again."""
    found = Watchful(list_key="default")
    assert found.dequeue() is None
    assert found.dequeue() is None
    return found


def test_is_the_one_in_use_here() -> None:
    assert isinstance(get_broker(), Watchful)


def test_reads_no_table_while_nobody_writes(resting: Watchful) -> None:
    with CaptureQueriesContext(connection) as asked:
        for _time in range(5):
            assert resting.dequeue() is None
    assert {query["sql"] for query in asked.captured_queries} == {"PRAGMA data_version"}


def test_finds_what_another_process_has_put_there(resting: Watchful) -> None:
    elsewhere(lambda: [resting.enqueue(text) for text in ("one", "two")])
    found = [resting.dequeue(), resting.dequeue()]
    assert sorted(task[0][1] for task in found if task) == ["one", "two"]
    assert resting.dequeue() is None


def test_taking_a_task_keeps_the_connection(resting: Watchful) -> None:
    elsewhere(lambda: resting.enqueue("one"))
    before = connection.connection
    [(pk, _text)] = resting.dequeue() or []
    resting.acknowledge(pk)
    assert connection.connection is before is not None
    assert not OrmQ.objects.exists()


def test_does_not_take_what_belongs_to_another_cluster(resting: Watchful) -> None:
    elsewhere(lambda: Watchful(list_key="downloads").enqueue("theirs"))
    assert resting.dequeue() is None
    assert OrmQ.objects.count() == 1


def test_finds_what_time_alone_has_made_due(resting: Watchful, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere(lambda: OrmQ.objects.create(key="default", payload="again", lock=timezone.now() + timedelta(hours=1)))
    assert resting.dequeue() is None
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert resting.dequeue() is None
    monkeypatch.setattr(changes, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + broker.LOOK_ANYWAY))
    task = resting.dequeue()
    assert task
    assert task[0][1] == "again"
