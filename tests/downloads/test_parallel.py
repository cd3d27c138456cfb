"""Several connections for one file, at real hosts of every temper."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from aniworld.environment import ROOT
from downloads.control import Control
from downloads.fetchers import file
from downloads.interruptions import LeaseLost
from downloads.range_journal import claimed
from providers.contracts import StreamKind
from providers.exceptions import ProviderError, RateLimited
from tests.database_copies import sqlite_there
from tests.downloads.hosting import Hosting, Resource, job
from tests.running import eventually

BODY = random.Random(3).randbytes(3_000_000)
OTHER = random.Random(4).randbytes(3_000_000)
PATH = "/film.mp4"
# Bytes a second of one connection: alone it would need six seconds.
SPEED = 500_000
# What the answers of connections hold that are cut off because others took over.
ON_THE_WAY = 400_000


def _resource(**values: Any) -> Resource:
    return Resource(BODY, etag='"one"', **{"speed": SPEED, **values})


def _fetch(host: Hosting, folder: Path, connections: int = 8) -> bytes:
    with job(host.address + PATH, StreamKind.FILE, folder, connections=connections) as one:
        return file.fetch(one).path.read_bytes()


def _threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "file"]


def _assert_one_request(host: Hosting) -> None:
    """The server notes it when it is over, which may be after the reader has everything."""
    eventually(lambda: host.asked, 5, "the request noted")
    assert len(host.asked) == 1


def test_a_host_that_limits_each_connection_gets_several(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = _resource()
    began = time.monotonic()
    assert _fetch(host, tmp_path) == BODY
    assert time.monotonic() - began < 4
    eventually(lambda: len(host.asked) >= 4, 5, "four connections noted")
    assert host.sent() <= len(BODY) + 8 * ON_THE_WAY


def test_no_more_connections_than_allowed(host: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.resources[PATH] = _resource()
    check, counts = Control.check, set()

    def count(self: Control) -> None:
        counts.add(len(_threads()))
        check(self)

    monkeypatch.setattr(Control, "check", count)
    assert _fetch(host, tmp_path, connections=3) == BODY
    assert max(counts) == 3


def test_a_fast_host_gets_one(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = _resource(speed=0)
    assert _fetch(host, tmp_path) == BODY
    _assert_one_request(host)


@pytest.mark.parametrize("values", [{"ranges": False}, {"ranges": False, "chunked": True}], ids=["length", "no-length"])
def test_a_host_without_ranges_gets_one(host: Hosting, tmp_path: Path, values: dict[str, Any]) -> None:
    host.resources[PATH] = _resource(speed=4 * SPEED, **values)
    assert _fetch(host, tmp_path) == BODY
    _assert_one_request(host)


def test_a_host_whose_file_has_no_validator_gets_one(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, speed=4 * SPEED)
    assert _fetch(host, tmp_path) == BODY
    _assert_one_request(host)


@pytest.mark.parametrize("refusal", [429, 503, 403])
def test_a_host_that_allows_two_keeps_two(host: Hosting, tmp_path: Path, refusal: int) -> None:
    host.resources[PATH] = _resource(at_once=2, refusal=refusal, speed=2 * SPEED)
    assert _fetch(host, tmp_path) == BODY
    eventually(lambda: len([one for one in host.asked if one.status == 200]) >= 2, 5, "two connections noted")
    # It is asked for more now and then, and the slower this machine, the more often.
    assert 1 <= len([one for one in host.asked if one.status == refusal]) <= 8


def test_a_host_that_refuses_the_only_connection_has_failed(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = _resource(status=429)
    with pytest.raises(RateLimited):
        _fetch(host, tmp_path)


@pytest.mark.parametrize("lie", ["place", "length", "more"])
def test_parts_that_are_not_what_they_say_are_not_used(host: Hosting, tmp_path: Path, lie: str) -> None:
    host.resources[PATH] = _resource(lie=lie, speed=2 * SPEED)
    assert _fetch(host, tmp_path) == BODY


def test_the_rest_of_a_slow_connection_is_taken_over(host: Hosting, tmp_path: Path) -> None:
    # The third one would need more than half a minute for its share.
    host.resources[PATH] = _resource(speeds=[SPEED, SPEED, 20_000])
    began = time.monotonic()
    assert _fetch(host, tmp_path, connections=4) == BODY
    assert time.monotonic() - began < 12
    assert len(host.asked) > 4


def test_a_connection_that_stands_still_holds_nobody_up(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = _resource(speeds=[SPEED, SPEED, 1])
    began = time.monotonic()
    assert _fetch(host, tmp_path, connections=4) == BODY
    assert time.monotonic() - began < 12


def test_connections_that_break_are_replaced(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = _resource(cuts=[700_000, 300_000, 300_000, 300_000])
    assert _fetch(host, tmp_path, connections=4) == BODY
    assert len(host.asked) > 4


@pytest.mark.parametrize("cuts", [[900_000] + [200_000] * 8, []], ids=["and-breaks", "and-holds"])
def test_a_file_that_changes_on_the_way_is_one_or_the_other(host: Hosting, tmp_path: Path, cuts: list[int]) -> None:
    new = Resource(OTHER, etag='"two"')
    host.resources[PATH] = _resource(cuts=cuts, becomes=(1_000_000, new))
    assert _fetch(host, tmp_path, connections=4) in ((OTHER,) if cuts else (BODY, OTHER))


@pytest.mark.parametrize("left", [0, 1, 60, 150, 400])
def test_a_journal_cut_off_anywhere_costs_bytes_and_not_the_file(host: Hosting, tmp_path: Path, left: int) -> None:
    host.resources[PATH] = _resource(cuts=[300_000, 400_000, 300_000, 300_000], at_once=4)
    host.resources[PATH].becomes = (1_200_000, Resource(BODY, status=500))
    with pytest.raises(ProviderError):
        _fetch(host, tmp_path, connections=4)
    host.resources[PATH] = _resource(speed=0)
    journal = tmp_path / "ranges"
    journal.write_bytes(journal.read_bytes()[:left])
    assert _fetch(host, tmp_path) == BODY


def test_a_predecessor_that_still_writes_harms_nothing(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = _resource()
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    ended: list[BaseException | bytes] = []

    def predecessor() -> None:
        try:
            with job(host.address + PATH, StreamKind.FILE, old, connections=4) as one:
                ended.append(file.fetch(one).path.read_bytes())
        except Exception as error:
            ended.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=predecessor)
    thread.start()
    eventually(lambda: claimed(old) > 400_000, 10, "some bytes")
    old.rename(new)
    host.resources[PATH] = Resource(OTHER, etag='"two"')
    assert _fetch(host, new) == OTHER
    thread.join(30)
    assert isinstance(ended[0], OSError | ProviderError), ended
    assert (new / "data").read_bytes() == OTHER


def test_after_an_interruption_no_thread_writes(host: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.resources[PATH] = _resource()
    check = Control.check

    def lost(self: Control) -> None:
        check(self)
        if claimed(tmp_path) > 500_000:
            self._error = LeaseLost("taken over")
            raise self._error

    monkeypatch.setattr(Control, "check", lost)
    with pytest.raises(LeaseLost):
        _fetch(host, tmp_path, connections=4)
    monkeypatch.undo()
    assert not _threads()
    # Slowly, so that what the host sent is what was read: a fast one fills the buffers of a connection that ends early.
    host.resources[PATH].speed = 2_000_000
    assert _fetch(host, tmp_path) == BODY
    # Both together: anew from its beginning it would be half a megabyte more.
    assert host.sent() < len(BODY) + ON_THE_WAY


@pytest.mark.processes
@pytest.mark.parametrize("disk_seconds", [0, 1], ids=["disk", "slow-disk"])
def test_a_kill_costs_little(disk_seconds: float, host: Hosting, tmp_path: Path) -> None:
    big = random.Random(5).randbytes(12_000_000)
    host.resources[PATH] = Resource(big, etag='"one"', speed=1_500_000)
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "DEMO": "off"}
    environment.pop("DATABASE_URL", None)
    (tmp_path / "data").mkdir()
    sqlite_there(tmp_path / "data")
    asked = {"url": host.address + PATH, "folder": str(folder), "connections": 4, "disk_seconds": disk_seconds}
    command = [sys.executable, "-m", "tests.downloads.one_file", json.dumps(asked)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        eventually(lambda: claimed(folder) and host.sent() > 8_000_000, 30, "enough bytes")
    finally:
        process.kill()
        process.wait(10)
    host.resources[PATH].speed = 0
    assert _fetch(host, folder) == big
    # What four connections had not noted yet, and what was on its way to them.
    assert host.sent() <= len(big) + 4 * (256 * 1024 + ON_THE_WAY)
