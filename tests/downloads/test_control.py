"""The watcher of a download: it renews the lease through every trouble, and lets go of work that hangs."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from aniworld.configuration import store
from aniworld.environment import ROOT
from downloads import control as module
from downloads import engine, queue, tasks
from downloads.control import Control, Transfer
from downloads.interruptions import LeaseLost, ShuttingDown, Stalled, TooSlow
from downloads.models import QueueItem
from library.models import Episode, Series
from providers.exceptions import TimedOut
from providers.time_limit import is_awaited
from tests.database_copies import migrated
from tests.database_servers import POSTGRESQL, postgresql_database
from tests.downloads.conftest import Demo
from tests.downloads.driving import HLS, MP4, assert_whole
from tests.downloads.hosting import leased_item
from tests.running import eventually


@pytest.fixture
def item(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> QueueItem:
    """Watched over in fast motion."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.05)
    store.change({"downloads": {"stall_seconds": 5}})
    return leased_item()


def _lease(item: QueueItem) -> Any:
    return QueueItem.objects.get(pk=item.pk).lease_until


def _shorten(item: QueueItem) -> None:
    QueueItem.objects.filter(pk=item.pk).update(lease_until=timezone.now() + timedelta(seconds=1))


def _renewed(item: QueueItem) -> bool:
    return bool(_lease(item) > timezone.now() + timedelta(seconds=20))


@pytest.mark.parametrize("error", [OperationalError("away"), InterfaceError("closed"), RuntimeError("a slip")])
def test_the_watcher_survives_errors_and_renews_as_soon_as_it_can(
    item: QueueItem, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [error] * 5

    def renew() -> bool:
        if failures:
            raise failures.pop()
        return QueueItem.renew(item)

    monkeypatch.setattr(item, "renew", renew)
    _shorten(item)
    with Control(item) as control:
        eventually(lambda: _renewed(item), 5, "the lease renewed")
        control.check()
    assert failures == []


def test_an_error_in_a_closer_does_not_end_the_watch(item: QueueItem) -> None:
    def broken() -> None:
        raise RuntimeError("closed twice")

    closed = threading.Event()
    with Control(item) as control:
        control.on_interrupt(broken)
        control.on_interrupt(closed.set)
        QueueItem.objects.get(pk=item.pk).cancel()
        assert closed.wait(5)
        with pytest.raises(LeaseLost):
            control.check()


@pytest.mark.parametrize("verb", ["cancel", "pause", "stop"])
def test_what_a_user_does_reaches_the_work(item: QueueItem, verb: str) -> None:
    closed = threading.Event()
    with Control(item) as control:
        control.on_interrupt(closed.set)
        getattr(QueueItem.objects.get(pk=item.pk), verb)()
        assert closed.wait(2)
        with pytest.raises(LeaseLost):
            control.alive()


def test_shutdown_reaches_the_work(item: QueueItem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "shutdown", threading.Event())
    with Control(item) as control:
        module.shutdown.set()
        eventually(lambda: control._error, 2, "the shutdown seen")
        with pytest.raises(ShuttingDown):
            control.check()


def test_work_without_a_sign_of_life_loses_its_lease_and_says_so_once(
    item: QueueItem, caplog: pytest.LogCaptureFixture
) -> None:
    _shorten(item)
    before = _lease(item)
    with caplog.at_level(logging.ERROR, "downloads.control"):
        with Control(item) as control:
            control.alive(-1)
            eventually(lambda: QueueItem.objects.abandoned(timezone.now()).exists(), 5, "the lease run out")
            assert _lease(item) == before
            other = QueueItem.objects.claim_next("two:1", limit=9, own_limit=9)
            assert other
            eventually(lambda: control._error, 5, "the loss seen")
            with pytest.raises(LeaseLost):
                control.check()
    assert sum("no sign of life" in record.message for record in caplog.records) == 1


def test_a_sign_of_life_that_comes_late_is_still_one(item: QueueItem) -> None:
    with Control(item) as control:
        control.alive(-1)
        eventually(lambda: control._given_up, 5, "given up")
        _shorten(item)
        control.alive()
        eventually(lambda: _renewed(item), 5, "the lease renewed")


def _marks(transfer: Transfer, seconds: float) -> None:
    """As if it had stood where it is for so long."""
    transfer._marks = [(time.monotonic() - seconds, transfer.done, 0.0)]


def test_a_stall_ends_the_transfer_and_not_the_item(item: QueueItem) -> None:
    closed = threading.Event()
    with Control(item) as control:
        transfer = Transfer(100, 1000)
        control.begin(transfer)
        control.on_interrupt(closed.set)
        _marks(transfer, 6)
        assert closed.wait(2)
        with pytest.raises(Stalled):
            control.check()
        control.check_item()
        control.end()
        control.alive()


def test_a_slow_transfer_ends(item: QueueItem) -> None:
    with Control(item) as control:
        transfer = Transfer(100, 1000)
        control.begin(transfer)
        _marks(transfer, 6)
        transfer.advance(10)
        eventually(lambda: control._error, 2, "the slowness seen")
        with pytest.raises(TooSlow):
            control.check()


def test_what_is_asked_for_an_item_that_is_lost_is_not_asked_again(item: QueueItem) -> None:
    given_up = threading.Event()

    def ask() -> None:
        eventually(lambda: not is_awaited(), 10, "nobody waiting")
        given_up.set()

    with Control(item) as control:
        QueueItem.objects.update(token="somebody else's")
        with pytest.raises(LeaseLost):
            control.patiently(ask, 1)
    assert given_up.wait(10)


def test_a_cancel_outweighs_a_stall(item: QueueItem) -> None:
    with Control(item) as control:
        transfer = Transfer(100, 1000)
        control.begin(transfer)
        _marks(transfer, 6)
        eventually(lambda: control._error, 2, "the stall seen")
        QueueItem.objects.get(pk=item.pk).cancel()
        eventually(lambda: isinstance(control._error, LeaseLost), 2, "the cancel seen")


def test_a_stall_that_is_found_after_the_end_hurts_nobody(item: QueueItem) -> None:
    with Control(item) as control:
        old = Transfer(100, 1000)
        control.begin(old)
        control.end()
        closed = threading.Event()
        control.begin(Transfer(0, 1000))
        control.on_interrupt(closed.set)
        control._interrupt(Stalled("late"), old)
        control.check()
        assert not closed.is_set()


def test_going_back_to_the_start_is_no_lack_of_speed(item: QueueItem) -> None:
    with Control(item) as control:
        transfer = Transfer(10_000_000, 20_000_000)
        control.begin(transfer)
        _marks(transfer, 6)
        transfer.place(0, 20_000_000)
        eventually(lambda: QueueItem.objects.get(pk=item.pk).total_bytes == 20_000_000, 2, "a report")
        control.check()
        assert transfer.mark(time.monotonic(), 5)[1] >= 0


def test_a_patient_transfer_keeps_its_lease(item: QueueItem, monkeypatch: pytest.MonkeyPatch) -> None:
    """`stall_seconds` may be longer than the time in which other work must give a sign of life."""
    store.change({"downloads": {"stall_seconds": 3600}})
    with Control(item) as control:
        control.begin(Transfer(0, 1000))
        control._alive_until = time.monotonic() + 0.2
        eventually(lambda: control._alive_until > time.monotonic() + 30, 5, "the transfer counted as life")


def test_a_database_that_is_away_costs_no_try(
    demo: Demo, series: Series, episode: Episode, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue(series, [episode])
    item = tasks.claim()
    assert item
    monkeypatch.setattr(Episode, "season_median_seconds", _away)
    engine.run(item)
    monkeypatch.undo()
    row = QueueItem.objects.get(pk=item.pk)
    assert (row.status, row.retry_count) == ("pending", 0)
    assert "database" in row.error_message
    QueueItem.objects.filter(pk=item.pk).update(next_attempt_at=None)
    item = tasks.claim()
    assert item
    demo.site.server.forget_requests()
    engine.run(item)
    row = QueueItem.objects.get(pk=item.pk)
    assert row.status == "completed", row.error_message
    assert sum(line["bytes"] for line in demo.requests("media")) < row.downloaded_bytes / 10
    assert_whole(library / row.file_destination)


def test_a_database_that_goes_away_while_the_end_is_written_is_waited_for(
    demo: Demo, series: Series, episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue(series, [episode])
    item = tasks.claim()
    assert item
    record_file, failures = Episode.record_file, [OperationalError("away")]

    def record(*arguments: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return record_file(*arguments, **named)

    monkeypatch.setattr(Episode, "record_file", record)
    engine.run(item)
    assert not failures
    assert QueueItem.objects.get(pk=item.pk).status == "completed"
    assert episode.files.count() == 1


def test_what_never_answers_is_given_up_while_the_item_stays_ours(
    item: QueueItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    answered = threading.Event()
    with Control(item) as control:
        with pytest.raises(TimedOut):
            control.patiently(lambda: answered.wait(30), 0.1)
        answered.set()
        control.check()
        assert item.is_leased()


def _away(*_arguments: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def _reached(server: psycopg.Connection[Any], size: int) -> Any:
    return server.execute("SELECT 1 FROM downloads_queueitem WHERE downloaded_bytes > %s", [size]).fetchone()


_CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@contextmanager
def _worker(demo: Demo, folder: Path, url: str, host: str) -> Iterator[subprocess.Popen[str]]:
    """A process that downloads one episode from that host into `theirs`, with its database at `url`."""
    environment = {
        **os.environ,
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": url,
        "DEMO": "on",
        "DEMO_SITE_PORT": str(demo.site.port),
    }
    migrated(environment)
    command = [sys.executable, "-m", "tests.downloads.one_download", str(folder / "theirs"), "90", host]
    with (folder / "log").open("w") as log:
        worker = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


@contextmanager
def _database_away(url: str) -> Iterator[None]:
    """It takes no connections, and has none."""
    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(POSTGRESQL, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'.encode())
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'.encode())


def _has_received(demo: Demo, size: int) -> bool:
    """Of the video, in all."""
    sizes: list[int] = [line["bytes"] for line in demo.requests() if line["stage"] in ("media", "segment")]
    return sum(sizes) > size


@pytest.mark.processes
@pytest.mark.parametrize("host", [MP4, HLS])
def test_a_download_goes_on_receiving_while_the_database_is_away_for_five_minutes(
    demo: Demo, tmp_path: Path, host: str
) -> None:
    # Of each of its connections
    demo.fault(host, "speed", speed=200_000)
    (tmp_path / "theirs").mkdir()
    with postgresql_database() as url, _worker(demo, tmp_path, url, host) as worker:
        eventually(partial(_has_received, demo, 400_000), 60, "bytes")
        with _database_away(url):
            for half_minute in range(1, 11):
                worker.send_signal(signal.SIGUSR1)
                more = 400_000 + half_minute * 340_000
                eventually(partial(_has_received, demo, more), 30, f"{more} bytes")
            assert worker.poll() is None
        with psycopg.connect(url, autocommit=True) as server:
            # As it is after so long a time.
            server.execute("UPDATE downloads_queueitem SET lease_until = now() - interval '4 minutes'")
        said = json.loads(worker.communicate(timeout=60)[0])
    log = (tmp_path / "log").read_text()
    assert (said["status"], said["retry_count"], said["outcomes"]) == ("completed", 0, ["completed"]), (said, log)
    assert "The database did not answer" in log
    assert "no sign of life" not in log
    assert_whole(tmp_path / "theirs" / said["file"])


@pytest.mark.processes
def test_a_download_survives_that_postgresql_cuts_every_connection(demo: Demo, tmp_path: Path) -> None:
    # Of each of its connections
    demo.fault("demo-file", "speed", speed=200_000)
    (tmp_path / "theirs").mkdir()
    with (
        postgresql_database() as url,
        psycopg.connect(url, autocommit=True) as server,
        _worker(demo, tmp_path, url, MP4) as worker,
    ):
        for done in (100_000, 1_000_000, 2_000_000):
            eventually(partial(_reached, server, done), 30, f"{done} bytes")
            assert server.execute(_CUT).fetchall()
        said = json.loads(worker.communicate(timeout=60)[0])
    assert said["status"] == "completed", said
    assert said["retry_count"] == 0
    assert set(said["outcomes"]) <= {"completed", "parked"}
    assert_whole(tmp_path / "theirs" / said["file"])
