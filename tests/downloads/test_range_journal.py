"""The journal of a file's ranges: whatever becomes of it, it claims nothing that is not there."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads import range_journal
from downloads.range_journal import DATA, RANGES, Head, RangeJournal, claimed, read
from downloads.ranges import Range, length, merged, missing
from downloads.workfolder import size

HEAD = Head(10_000, '"one"', "Wed, 21 Oct 2020 07:28:00 GMT")

ranges = st.lists(st.tuples(st.integers(0, 9_999), st.integers(1, 10_000)).filter(lambda one: one[0] < one[1]))


def _written(folder: Path, notes: list[Range]) -> bytes:
    journal = RangeJournal(folder, HEAD, [], [])
    for number, (start, end) in enumerate(notes):
        journal.wrote(start, end)
        if number % 3 == 2:
            journal.synced(merged(notes[: number + 1]))
    journal.close()
    return (folder / RANGES).read_bytes()


def _within(found: list[Range], true: list[Range]) -> bool:
    total = HEAD.total or 0
    outside = missing(merged(true), total)
    return length(found) + length(outside) == length(merged([*found, *outside]))


@given(ranges, st.data())
def test_any_truncation_claims_less_and_never_more(notes: list[Range], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        whole = _written(folder, notes)
        found = read(folder)
        assert found
        assert (found.head, found.have) == (HEAD, merged(notes))
        (folder / RANGES).write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        left = read(folder)
        assert left is None or (left.head == HEAD and _within(left.have, notes))


@given(ranges, st.data())
def test_garbage_anywhere_claims_nothing_that_is_not_there(notes: list[Range], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        spoilt = bytearray(_written(folder, notes))
        start = data.draw(st.integers(0, len(spoilt)))
        rubbish = data.draw(st.binary(min_size=1, max_size=200))
        spoilt[start : start + len(rubbish)] = rubbish
        (folder / RANGES).write_bytes(spoilt)
        left = read(folder)
        assert left is None or (left.head == HEAD and _within(left.have, notes))


@given(st.binary(max_size=400))
def test_a_file_of_anything_is_no_journal(rubbish: bytes) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / RANGES).write_bytes(rubbish)
        assert read(Path(name)) is None
        assert claimed(Path(name)) == 0


def test_after_a_new_start_of_the_machine_only_what_was_flushed_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = RangeJournal(tmp_path, HEAD, [], [])
    journal.wrote(0, 4000)
    journal.synced([(0, 4000)])
    journal.wrote(4000, 8000)
    journal.close()
    assert claimed(tmp_path) == 8000
    monkeypatch.setattr(range_journal, "boot_id", lambda: "another")
    assert claimed(tmp_path) == 4000


def test_it_stays_small(tmp_path: Path) -> None:
    journal = RangeJournal(tmp_path, HEAD, [], [])
    for number in range(10_000):
        journal.wrote(number, number + 1)
        if number % 500 == 499:
            journal.synced([(0, number + 1)])
    journal.close()
    assert (tmp_path / RANGES).stat().st_size < 2 * range_journal.LONGEST
    assert claimed(tmp_path) == 10_000


def test_what_is_noted_while_it_is_made_short_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = RangeJournal(tmp_path, HEAD, [], [])
    for number in range(5000):
        journal.wrote(number, number + 1)
    assert (tmp_path / RANGES).stat().st_size > range_journal.LONGEST
    # Since the flush of the data began, and while the journal itself is flushed.
    journal.wrote(6000, 7000)
    flush = os.fdatasync

    def late(file: int) -> None:
        journal.wrote(8000, 9000)
        flush(file)

    monkeypatch.setattr(os, "fdatasync", late)
    journal.synced([(0, 5000)])
    monkeypatch.undo()
    assert (tmp_path / RANGES).stat().st_size < 1000
    journal.wrote(9500, 9600)
    journal.close()
    noted = read(tmp_path)
    assert noted
    assert noted.have == [(0, 5000), (6000, 7000), (8000, 9000), (9500, 9600)]
    assert noted.synced == [(0, 5000)]


def test_what_a_predecessor_adds_reaches_nobody(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    predecessor = RangeJournal(tmp_path / "old", HEAD, [], [])
    (tmp_path / "old").rename(tmp_path / "new")
    successor = RangeJournal(tmp_path / "new", Head(10_000, '"two"'), [], [])
    predecessor.wrote(0, 10_000)
    successor.wrote(0, 10)
    predecessor.close()
    successor.close()
    assert claimed(tmp_path / "new") == 10


def test_a_growing_file_counts_as_what_is_there(tmp_path: Path) -> None:
    (tmp_path / DATA).write_bytes(bytes(10_000))
    assert size(tmp_path) == 10_000
    journal = RangeJournal(tmp_path, HEAD, [(0, 10), (50, 60)], [])
    journal.close()
    assert size(tmp_path) == 20 + (tmp_path / RANGES).stat().st_size
