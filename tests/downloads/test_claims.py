"""Claims: several processes at one queue, the lease and its fence, what the database itself refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import IntegrityError, transaction
from django.utils import timezone

from aniworld.environment import ROOT
from aniworld.live.models import Event
from downloads import engine, queue, tasks, upkeep
from downloads.interruptions import LeaseLost
from downloads.models import Attempt, Priority, QueueItem, QueueState
from downloads.models.claims import MOST_LOST_WORKERS
from downloads.workfolder import WorkFolder
from library.models import Episode, EpisodeFile, Series
from tests.downloads.claimer import old_writes
from tests.downloads.conftest import Demo
from tests.downloads.racing import most_at_once, race
from tests.library.factories import make_episodes, make_series
from tests.migrated import database, run

ITEMS, CLAIMERS, LIMIT = 200, 4, 3


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_racing_processes_claim_each_item_once_within_the_limit_and_lose_none(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as environment:
        run(environment, "-m", "tests.downloads.claimer", "seed", str(ITEMS))
        everything = race(environment, "work", LIMIT, CLAIMERS)
        order = json.loads(run(environment, "-m", "tests.downloads.claim_order"))
    lines = [line for line in everything if "item" in line]
    completed = [line["item"] for line in lines if line["completed"]]
    assert len(completed) == len(set(completed)) == ITEMS
    assert len({line["token"] for line in lines}) == len(lines)
    assert 1 < most_at_once(lines) <= LIMIT
    old = [write for line in everything if "old_writes" in line for write in line["old_writes"]]
    assert len(lines) > ITEMS
    assert old
    assert not any(old)
    assert order == sorted(order, key=lambda row: (-row[0], row[1]))


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_claim_loads_what_the_orm_loads(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as environment:
        assert json.loads(run(environment, "-m", "tests.downloads.claim_reader")) == []


@pytest.mark.processes
def test_plans_that_were_made_for_a_small_queue_will_do_for_a_large_one(tmp_path: Path) -> None:
    with database("postgresql", tmp_path) as environment:
        count, costly = json.loads(run(environment, "-m", "tests.downloads.claim_plans"))
    assert count > 3
    assert costly == []


@pytest.fixture
def items(transactional_db: None, tmp_path: Path, settings: Any) -> list[QueueItem]:
    """Three pending ones."""
    settings.WORK_DIR = tmp_path / "work"
    series = make_series()
    rows = [
        QueueItem(series=series, episode=episode, season=1, language="German Dub", position=number)
        for number, episode in enumerate(make_episodes(series))
    ]
    return QueueItem.objects.bulk_create(rows)


def _claim(owner: str = "one:1", limit: int = 9) -> QueueItem:
    item = QueueItem.objects.claim_next(owner, limit=limit, own_limit=9)
    assert item
    return item


def _expire(item: QueueItem) -> None:
    QueueItem.objects.filter(pk=item.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_priority_goes_before_position(items: list[QueueItem]) -> None:
    items[2].prioritise(Priority.HIGH)
    items[0].prioritise(Priority.LOW)
    assert [_claim().pk for _item in items] == [items[2].pk, items[1].pk, items[0].pk]


def test_the_limit_holds_over_all_and_for_one_instance(items: list[QueueItem]) -> None:
    claim = QueueItem.objects.claim_next
    assert claim("one:1", limit=2, own_limit=1)
    assert claim("one:2", limit=2, own_limit=1) is None
    assert claim("two:1", limit=2, own_limit=1)
    assert claim("three:1", limit=2, own_limit=1) is None


@pytest.mark.parametrize("switches", [{"running": False}, {"paused": True}])
def test_a_stopped_or_paused_queue_gives_nothing(items: list[QueueItem], switches: dict[str, bool]) -> None:
    QueueState.objects.now().switch(**switches)
    assert QueueItem.objects.claim_next("one:1", limit=9, own_limit=9) is None


def test_what_is_to_be_tried_later_is_not_claimed_before(items: list[QueueItem]) -> None:
    first = _claim()
    first.postpone("later", 60)
    assert {_claim().pk, _claim().pk} == {items[1].pk, items[2].pk}
    assert QueueItem.objects.claim_next("one:1", limit=9, own_limit=9) is None


def test_an_expired_lease_is_claimable_and_fences_the_old_holder(items: list[QueueItem]) -> None:
    old = _claim()
    attempt = Attempt.objects.begin(old, "host", "German Dub")
    _expire(old)
    new = _claim("two:1")
    assert (new.pk, new.lost_workers) == (old.pk, 1)
    assert new.token != old.token
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.error) == ("parked", "The worker vanished.")
    running = Attempt.objects.begin(new, "host", "German Dub")
    before = QueueItem.objects.filter(pk=new.pk).values().get()
    events = Event.objects.count()
    assert not any(old_writes(old))
    with pytest.raises(LeaseLost):
        Attempt.objects.begin(old, "other", "German Dub")
    attempt.end("failed", "wrong", size=1)
    assert QueueItem.objects.filter(pk=new.pk).values().get() == before
    assert Event.objects.count() == events
    running.refresh_from_db()
    attempt.refresh_from_db()
    assert (running.outcome, attempt.outcome) == ("", "parked")


def test_the_old_holders_paths_lead_nowhere_and_its_data_goes_on(items: list[QueueItem], tmp_path: Path) -> None:
    old = WorkFolder(tmp_path, 7, "old")
    old.adopt()
    data = old.source("host", "link") / "data"
    data.write_bytes(b"so far")
    new = WorkFolder(tmp_path, 7, "new")
    new.adopt()
    assert not data.exists()
    assert (new.source("host", "link") / "data").read_bytes() == b"so far"
    with pytest.raises(FileNotFoundError):
        old.source("host", "link")
    old.remove()
    assert [path.name for path in new.parent.iterdir()] == ["new"]


def test_a_worker_that_gets_on_is_forgiven_those_that_vanished(items: list[QueueItem]) -> None:
    _expire(_claim())
    item = _claim()
    assert item.lost_workers == 1
    assert item.report(downloaded=10, total=100, speed=1, percent=10)
    item.refresh_from_db()
    assert item.lost_workers == 0


def test_an_item_that_ends_worker_after_worker_fails_and_says_so(items: list[QueueItem]) -> None:
    for _worker in range(MOST_LOST_WORKERS):
        item = _claim()
        assert item.pk == items[0].pk
        _expire(item)
    assert _claim().pk == items[1].pk
    item = QueueItem.objects.get(pk=items[0].pk)
    assert item.status == item.Status.FAILED
    assert f"vanished {MOST_LOST_WORKERS} times" in item.error_message
    assert Event.objects.filter(type="download_failed", data__item_id=item.pk).count() == 1
    assert queue.retry([item.pk])[0] == [item.pk]
    item.refresh_from_db()
    assert (item.status, item.lost_workers) == ("pending", 0)


def test_the_event_of_a_start_says_that_it_downloads(items: list[QueueItem]) -> None:
    item = _claim()
    started = Event.objects.get(type="download_started")
    assert (started.data["item_id"], started.data["item_status"]) == (item.pk, "downloading")


def test_a_report_of_absurd_numbers_is_written_all_the_same(items: list[QueueItem]) -> None:
    item = _claim()
    assert item.report(downloaded=1, total=10**30, speed=1, percent=0)
    assert item.report(downloaded=1, total=10**12, speed=-5, percent=0)
    assert item.report(downloaded=1, total=10**12, speed=1, percent=0)
    item.refresh_from_db()
    assert (item.total_bytes, item.eta_seconds) == (10**12, None)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"status": "downloading"}, "queue_token_while_downloading"),
        ({"token": "x"}, "queue_token_while_downloading"),
        ({"status": "paused"}, "queue_reason_while_paused"),
        ({"pause_reason": "user"}, "queue_reason_while_paused"),
    ],
)
def test_the_database_refuses_a_state_that_cannot_be(
    items: list[QueueItem], values: dict[str, str], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        QueueItem.objects.filter(pk=items[0].pk).update(**values)


def test_the_database_refuses_a_second_live_item_of_an_episode_and_language(items: list[QueueItem]) -> None:
    first = items[0]
    copy = {"series": first.series, "episode": first.episode, "season": 1}
    with pytest.raises(IntegrityError), transaction.atomic():
        QueueItem.objects.create(**copy, language="German Dub")
    QueueItem.objects.create(**copy, language="English Sub")
    first.cancel()
    QueueItem.objects.create(**copy, language="German Dub")


# What a worker does when a bell rings
_RUN_NEXT = "import django; django.setup(); from downloads import tasks; print(tasks.run_next())"


@pytest.mark.processes
def test_bells_that_ring_twice_start_nothing_twice(demo: Demo, series: Series, library: Path) -> None:
    wanted = list(series.episodes.filter(season=1).order_by("number")[:3])
    demo.fault("demo-file", "speed", speed=1_500_000)
    ids = queue.enqueue(series, wanted).added
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{configured.DATABASES['default']['NAME']}",
        "DEMO": "on",
        "DEMO_SITE_PORT": str(demo.site.port),
        "DJANGO_SETTINGS_MODULE": "aniworld.settings",
    }
    bells = [subprocess.Popen([sys.executable, "-c", _RUN_NEXT], env=environment, cwd=ROOT) for _bell in range(4)]
    assert [one.wait(80) for one in bells] == [0] * 4
    rows = QueueItem.objects.in_bulk(ids)
    assert {row.status for row in rows.values()} == {"completed"}
    outcomes = {pk: list(row.attempts.values_list("outcome", flat=True)) for pk, row in rows.items()}
    assert outcomes == {pk: ["completed"] for pk in ids}
    assert Event.objects.filter(type="download_started").count() == len(ids)
    assert EpisodeFile.objects.count() == len(ids)


def test_a_bell_without_work_returns_at_once(transactional_db: None) -> None:
    assert tasks.run_next() == "0 downloads"


def test_what_dead_owners_held_is_given_back(items: list[QueueItem], settings: Any, tmp_path: Path) -> None:
    settings.RUN_DIR = tmp_path
    (tmp_path / "dead.lock").write_text("1")
    dead, living = _claim("dead:1"), _claim("living:1")
    assert upkeep.release_dead_owners() == 1
    assert QueueItem.objects.get(pk=dead.pk).status == "pending"
    assert QueueItem.objects.get(pk=living.pk).is_leased()


def test_an_engine_that_lost_its_lease_writes_nothing(demo: Demo, series: Series, episode: Episode) -> None:
    queue.enqueue(series, [episode])
    old = tasks.claim()
    assert old
    _expire(old)
    new = tasks.claim()
    assert new
    engine.run(old)
    row = QueueItem.objects.get(pk=new.pk)
    assert (row.status, row.token, row.error_message) == ("downloading", new.token, "")
    assert not row.attempts.exists()
    engine.run(new)
    assert QueueItem.objects.get(pk=new.pk).status == "completed"
