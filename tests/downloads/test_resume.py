"""Going on where an earlier try ended, and starting clean when the host has something else now."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from downloads import engine, queue, range_journal, tasks, truth
from downloads.control import Control
from downloads.fetchers import file
from downloads.interruptions import LeaseLost
from downloads.models import QueueItem
from downloads.range_journal import Noted, RangeJournal, claimed, read
from library.models import Episode, Series
from providers.contracts import StreamKind
from providers.exceptions import ConnectionFailed, Expired, ProviderError, TooLarge
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import HLS, HOSTS, MP4, assert_whole
from tests.downloads.hosting import Hosting, Resource, job

BODY = random.Random(1).randbytes(3_000_000)
OTHER = random.Random(2).randbytes(3_100_000)
CUT = 1_200_000
DATE = "Wed, 21 Oct 2020 07:28:00 GMT"
PATH = "/film.mp4"
# What one connection may have on its way, and what is compared again.
AGAIN = 200_000


def _fetch(host: Hosting, folder: Path, path: str = PATH) -> bytes:
    with job(host.address + path, StreamKind.FILE, folder) as one:
        return file.fetch(one).path.read_bytes()


def _noted(folder: Path) -> Noted:
    found = read(folder)
    assert found
    return found


def _interrupted(host: Hosting, folder: Path) -> None:
    """A try that ends in the middle for good."""
    host.resources[PATH].cuts = [CUT, 0, 0, 0, 0, 0]
    with pytest.raises(ProviderError):
        _fetch(host, folder)
    host.resources[PATH].cuts = []
    assert 0 < claimed(folder) <= CUT
    host.forget()


@pytest.mark.parametrize(
    ("validators", "if_range"),
    [
        ({"etag": '"one"', "last_modified": DATE}, '"one"'),
        ({"last_modified": DATE}, DATE),
        ({"etag": 'W/"weak"', "last_modified": DATE}, DATE),
        ({}, ""),
        ({"etag": 'W/"weak"'}, ""),
        ({"etag": '"one"', "last_modified": DATE, "quiet_parts": True}, '"one"'),
    ],
    ids=["etag", "date", "weak-etag-and-date", "nothing", "weak-etag", "part-without-headers"],
)
def test_a_broken_file_goes_on_in_the_next_try(
    host: Hosting, tmp_path: Path, validators: dict[str, Any], if_range: str
) -> None:
    host.resources[PATH] = Resource(BODY, **validators)
    _interrupted(host, tmp_path)
    assert _fetch(host, tmp_path) == BODY
    assert host.sent() <= len(BODY) - CUT + AGAIN
    assert {one.if_range for one in host.asked} == {if_range}


def test_a_connection_that_breaks_is_taken_up_within_the_same_try(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"', cuts=[500_000, 600_000, 700_000])
    assert _fetch(host, tmp_path) == BODY
    assert host.sent() <= len(BODY) + AGAIN


@pytest.mark.parametrize("values", [{"etag": '"%s"'}, {"last_modified": "%s"}, {}], ids=["etag", "date", "nothing"])
@pytest.mark.parametrize("other", [OTHER, OTHER[: len(BODY)]], ids=["other-length", "same-length"])
def test_a_file_that_changed_starts_clean(host: Hosting, tmp_path: Path, values: dict[str, str], other: bytes) -> None:
    one: dict[str, Any] = {name: value % "1" for name, value in values.items()}
    two: dict[str, Any] = {name: value % "2" for name, value in values.items()}
    host.resources[PATH] = Resource(BODY, **one)
    _interrupted(host, tmp_path)
    host.resources[PATH] = Resource(other, **two)
    assert _fetch(host, tmp_path) == other


def test_a_file_that_became_shorter_starts_clean(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY)
    _interrupted(host, tmp_path)
    host.resources[PATH] = Resource(BODY[: CUT // 3])
    assert _fetch(host, tmp_path) == BODY[: CUT // 3]
    assert any(one.sent == 0 for one in host.asked)


def test_a_server_that_ignores_ranges_sends_everything_again(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"', ranges=False, cuts=[CUT])
    assert _fetch(host, tmp_path) == BODY


def test_an_unknown_length_is_fetched_and_gone_on_with(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"', chunked=True)
    _interrupted(host, tmp_path)
    assert _fetch(host, tmp_path) == BODY
    assert host.sent() < len(BODY)


def test_a_kill_between_the_last_byte_and_its_note_fetches_nothing_again(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"')
    _interrupted(host, tmp_path)
    (tmp_path / "data").write_bytes(BODY)
    RangeJournal(tmp_path, _noted(tmp_path).head, [(0, 2_000_000), (2_000_000, len(BODY))], []).close()
    assert _fetch(host, tmp_path) == BODY
    assert host.sent() == 0


def test_more_on_disk_than_there_is_starts_clean(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"')
    _interrupted(host, tmp_path)
    (tmp_path / "data").write_bytes(BODY + b"more")
    assert _fetch(host, tmp_path) == BODY


def test_after_a_new_start_of_the_machine_only_flushed_bytes_are_trusted(
    host: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"')
    _interrupted(host, tmp_path)
    noted = _noted(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(range_journal, "boot_id", lambda: "another")
        RangeJournal(tmp_path, noted.head, noted.have, [(0, 100_000)]).close()
    # What was never flushed may hold anything.
    with (tmp_path / "data").open("r+b") as file:
        file.seek(100_000)
        file.write(bytes(CUT))
    assert _fetch(host, tmp_path) == BODY
    assert host.asked[0].range.startswith("bytes=100000-")


def test_without_a_readable_journal_it_starts_clean(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"')
    _interrupted(host, tmp_path)
    (tmp_path / "ranges").write_text("{")
    assert _fetch(host, tmp_path) == BODY


def test_a_finished_file_is_not_asked_for_again(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY)
    _fetch(host, tmp_path)
    host.forget()
    assert _fetch(host, tmp_path) == BODY
    assert host.asked == []


def test_an_address_that_is_gone_has_expired(host: Hosting, tmp_path: Path) -> None:
    with pytest.raises(Expired):
        _fetch(host, tmp_path, "/gone.mp4")


def test_a_size_beyond_any_film_is_refused(host: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LARGEST_FILE", 1000)
    host.resources[PATH] = Resource(BODY)
    with pytest.raises(TooLarge):
        _fetch(host, tmp_path)


def test_a_connection_that_never_brings_anything_ends(host: Hosting, tmp_path: Path) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"', cuts=[0] * 100)
    with pytest.raises(ConnectionFailed):
        _fetch(host, tmp_path)
    assert len(host.asked) < 20


# Through the whole engine, at the demo


def _only(name: str) -> None:
    for other in HOSTS:
        row = Provider.objects.get(name=other)
        (row.enable if other == name else row.disable)()


def _run(series: Series, episode: Episode) -> QueueItem:
    queue.enqueue(series, [episode])
    item = tasks.claim()
    assert item
    engine.run(item)
    return QueueItem.objects.get(pk=item.pk)


@pytest.mark.parametrize("host_name", [MP4, HLS])
def test_an_address_that_expires_in_the_middle_is_resolved_again(
    host_name: str, demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    _only(host_name)
    if host_name == MP4:
        cut = {"fault": "cut", "after_bytes": 700_000, "times": 2}
        demo.site.faults.set(host_name, [cut, {"fault": "expire", "stage": "media", "after_requests": 2}])
    else:
        demo.fault(host_name, "expire", stage="segment", after_requests=4, status=410)
    item = _run(series, episode)
    attempts = [(one.outcome, one.error) for one in item.attempts.all()]
    assert item.status == "completed", attempts
    assert [outcome for outcome, _error in attempts] == ["completed"]
    assert len({line["path"] for line in demo.requests("embed")}) >= 1
    assert len(demo.requests("embed")) >= 2
    assert_whole(library / item.file_destination)
    paths = [line["path"].rpartition("/")[2] for line in demo.requests("segment") if line["status"] == 200]
    # What was under way when the address ran out may come again, and it served four; what was finished does not.
    assert len(paths) - len(set(paths)) < 4


def test_a_file_that_changes_between_breaks_is_never_mixed(
    demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    _only(MP4)
    demo.site.faults.set(
        MP4,
        [{"fault": "cut", "after_bytes": 900_000, "times": 1}, {"fault": "changing_file", "times": 1}],
    )
    item = _run(series, episode)
    if item.status == "completed":
        file = library / item.file_destination
        truth.check(file, declared=24, median=None)
    else:
        assert item.status == "pending", item.error_message


def test_what_was_fetched_before_a_lost_lease_is_used_by_the_successor(
    host: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.resources[PATH] = Resource(BODY, etag='"one"')
    received = Control.check

    def check_once(self: Control) -> None:
        received(self)
        if claimed(tmp_path) > CUT:
            self._error = LeaseLost("taken over")

    monkeypatch.setattr(Control, "check", check_once)
    with pytest.raises(LeaseLost):
        _fetch(host, tmp_path)
    monkeypatch.undo()
    host.forget()
    assert _fetch(host, tmp_path) == BODY
    assert host.sent() < len(BODY)
