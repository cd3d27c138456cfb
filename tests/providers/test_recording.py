"""Measured requests on their way into the log: how many writes, when, and what a fork, a failure or an end does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from aniworld.environment import ROOT
from providers import recording, registry
from providers.demo.site import Site
from providers.exceptions import TimedOut
from providers.models import Provider, RequestLog
from tests.database_copies import sqlite_there
from tests.providers.measured import host
from tests.providers.rows import provider, requests_of
from tests.running import eventually


def _record(row: Provider, count: int = 1) -> None:
    for _number in range(count):
        recording.record(row, "search", 12.5, 100, "", None)


def test_many_requests_are_one_write(providers: Site) -> None:
    row = provider("voe")
    with CaptureQueriesContext(connection) as none:
        _record(row, 400)
    assert len(none) == 0
    with CaptureQueriesContext(connection) as queries:
        recording.flush()
    assert len([query for query in queries if "INSERT" in query["sql"]]) == 1
    assert len(requests_of("voe")) == 400


def test_a_success_that_changes_nothing_writes_nothing(
    providers: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    catalogue = registry.catalogue("demo")
    catalogue.newest()
    assert Provider.known()["demo"].status_record.status == "active"
    with django_assert_num_queries(0):
        for _number in range(3):
            catalogue.newest()
    assert len(requests_of("demo")) == 4


def test_a_row_bears_the_time_of_its_request(providers: Site) -> None:
    before = timezone.now()
    _record(provider("voe"))
    after = timezone.now()
    eventually(lambda: timezone.now() > after + timedelta(milliseconds=50))
    line = requests_of("voe")[0]
    assert before <= line.created_at <= after


def test_nothing_that_a_page_says_keeps_the_others_from_being_recorded(database: str) -> None:
    class Foreign(TimedOut):
        code = "a code far longer than any of ours may ever be"

    row = host("voe")
    for error in (TimedOut("Odd \x00 and \ud800."), Foreign("Late."), None):
        recording.record(row, "search", 1, 1, "", error)
        recording.flush()
    said = [line.error_message for line in requests_of("voe")]
    assert (said[0], said[-1]) == ("Odd \N{REPLACEMENT CHARACTER} and \N{REPLACEMENT CHARACTER}.", "")


def test_what_could_not_be_written_waits_in_its_order(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("locked")

    row = provider("voe")
    recording.record(row, "search", 1, 1, "", None)
    with monkeypatch.context() as patched:
        patched.setattr(recording, "_insert", busy)
        recording.flush()
    recording.record(row, "resolve", 1, 1, "German Dub", TimedOut("Late."))
    lines = requests_of("voe")
    assert [(line.action, line.error_code, line.language) for line in lines] == [
        ("search", "", ""),
        ("resolve", "timed_out", "German Dub"),
    ]


def test_only_so_many_wait_and_the_oldest_go(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    row = provider("voe")
    for number in range(recording.MOST + 5):
        recording.record(row, "search", number, 0, "", None)
    recording.flush()
    assert RequestLog.objects.count() == recording.MOST
    assert RequestLog.objects.order_by("response_time_ms").values_list("response_time_ms", flat=True)[0] == 5


def test_a_provider_that_is_gone_takes_its_requests_along(providers: Site) -> None:
    gone, kept = provider("voe"), provider("vidoza")
    _record(gone)
    _record(kept)
    gone.delete()
    recording.flush()
    assert list(RequestLog.objects.values_list("provider__name", flat=True)) == ["vidoza"]


@pytest.mark.django_db(transaction=True)
def test_it_is_written_by_itself_within_a_moment(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "EVERY", 0.05)
    row = provider("voe")

    def work() -> None:
        _record(row, 50)
        connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: RequestLog.objects.count() == 200)
    # The thread has ended meanwhile or not: the next one is written, too.
    _record(row)
    eventually(lambda: RequestLog.objects.count() == 201)


_PROGRAM = """
import json, multiprocessing, os, sys
import django
django.setup()
from providers import recording, registry
from providers.models import Provider, RequestLog

def work(action):
    recording.record(row, action, 1, 1, "", None)

if __name__ == "__main__":
    recording.EVERY = 600.0
    if sys.argv[1] == "write":
        registry.sync()
        row = Provider.objects.get(name="voe")
        work("search")
        child = multiprocessing.get_context("fork").Process(target=work, args=("resolve",))
        child.start()
        child.join()
        print(json.dumps(list(RequestLog.objects.values_list("action", flat=True))))
    else:
        print(json.dumps(sorted(RequestLog.objects.values_list("action", flat=True))))
"""


@pytest.mark.processes
def test_the_end_of_a_process_and_of_its_fork_writes_what_waits_once(tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DEMO": "off", "DATABASE_URL": ""}
    environment |= {"DJANGO_SETTINGS_MODULE": "aniworld.settings", "PYTHONPATH": str(ROOT)}
    (tmp_path / "program.py").write_text(_PROGRAM)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    sqlite_there(tmp_path)
    assert json.loads(run(str(tmp_path / "program.py"), "write")) == ["resolve"]
    assert json.loads(run(str(tmp_path / "program.py"), "read")) == ["resolve", "search"]
