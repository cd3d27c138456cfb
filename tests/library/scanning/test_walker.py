"""Folders of a big library are walked by a second process as well: it finds the same, and may die at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aniworld.environment import ROOT
from aniworld.supervisor import linux
from library import scanning
from library.models import EpisodeFile, Scan
from library.scanner import running, sharing
from library.scanner.sharing import Sharing
from library.scanner.walker import Walker, WalkerDied
from library.scanner.walking import DEEPEST, Walked, top_level, walk
from tests.library.scanning.conftest import Shelves
from tests.running import eventually

pytestmark = [pytest.mark.processes, pytest.mark.skipif(not linux.KNOWN, reason="processes are found as Linux tells")]

SERIES = 30
# Bytes of names as file systems take them, many of which are no UTF-8.
NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: name not in (b".", b"..") and not {0, 47} & set(name))
ENDINGS = st.sampled_from([b".mkv", b".MP4", b".srt", b""])
FILES = st.tuples(st.lists(NAMES, min_size=1, max_size=3), NAMES, ENDINGS, st.integers(0, 2**40))
HOLDING = """
import os, sys, time
from pathlib import Path
from library.scanner.walker import Walker
from library.scanner.walking import top_level
walker = Walker(Path(sys.argv[1]))
for _time in range(int(sys.argv[2])):
    walker.ask(top_level(Path(sys.argv[1]))[0])
fork = os.fork()
if fork:
    print(fork, flush=True)
time.sleep(60)
"""


def walkers(parent: int) -> list[int]:
    """The processes that walk for that one."""
    return [child.pid for child in linux.descendants(parent) if b"walking_child" in _command(child.pid)]


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@contextmanager
def walker_of(root: Path) -> Iterator[Walker]:
    walker = Walker(root)
    try:
        yield walker
    finally:
        walker.end()


def answer_of(walker: Walker) -> Walked:
    [walked] = eventually(lambda: walker.answers(0.1), what="an answer")
    return walked


def here(root: Path, folders: list[str]) -> Walked:
    walked = Walked()
    for folder in folders:
        walk(root, folder, into=walked)
    return walked


def make(root: Path, path: bytes, size: int) -> None:
    """An empty file of that size, unless the names before it are in its way."""
    place = os.path.join(os.fsencode(root), path)  # noqa: PTH118 - of bytes
    with suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(place, "wb") as file:  # noqa: PTH123
            file.truncate(size)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes walk, however few folders there are and whatever this machine has."""
    monkeypatch.setattr(sharing, "LEAST", 1)
    monkeypatch.setattr(sharing, "_processors", lambda: 2)
    monkeypatch.setattr(running, "BATCH", 1)
    monkeypatch.setattr(running, "_TELL_EVERY", 0.0)
    monkeypatch.setattr(sharing, "_PATIENCE", 0.01)


@pytest.fixture
def scanned(shelves: Shelves, two: None) -> Shelves:
    """A library that is known, and changed since in three places."""
    for number in range(SERIES):
        for episode in (1, 2):
            shelves.put(f"Series {number:02d}/S01E{episode:02d}.mkv")
    assert shelves.changes() == {"new": 2 * SERIES, "adopted": SERIES}
    (shelves.root / "Series 03/S01E01.mkv").unlink()
    shelves.put(f"Series {SERIES - 1}/S01E01.mkv", 5000)
    shelves.put("Series 10/S01E03.mkv")
    return shelves


def scan_with(listener: Callable[[int], object]) -> Scan:
    """Tells the listener how many folders were reached, at every look."""
    scan = Scan.objects.begin()
    scan.listener = lambda current, *_others: listener(current)
    scanning.work(scan)
    return scan


def test_it_finds_what_a_walk_here_finds(tmp_path: Path) -> None:
    for path in ("Dark/S01E01.mkv", "Dark/Season 02/S02E01.MKV", "Dark/folder.mkv/S03E01.mp4", "Dark/.hidden/x.mkv"):
        make(tmp_path, path.encode(), 300_000_000)
    for path in ("Dark/@eaDir/x.mkv", "Dark/.x.mkv", "Dark/text.txt", "/".join(["Deep"] * (DEEPEST + 3)) + "/x.mkv"):
        make(tmp_path, path.encode(), 1)
    make(tmp_path, b"Odd \xff\xfe/\xe4 S01E01.mkv", 1)
    (tmp_path / "Dark/loop.mkv").symlink_to("loop.mkv")
    (tmp_path / "Dark/link.mkv").symlink_to("S01E01.mkv")
    (tmp_path / "Dark/away").symlink_to(tmp_path)
    folders = [*top_level(tmp_path)[0], "Gone"]
    with walker_of(tmp_path) as walker:
        walker.ask(folders)
        found = answer_of(walker)
    assert found == here(tmp_path, folders)
    assert {video.path for video in found.videos} >= {"Dark/folder.mkv/S03E01.mp4", "Dark/link.mkv"}
    assert set(found.unreadable) == {"Gone", "Dark/loop.mkv"}


@pytest.fixture
def walker(tmp_path: Path) -> Iterator[Walker]:
    with walker_of(tmp_path) as walker:
        yield walker


@given(files=st.lists(FILES, max_size=12))
def test_it_finds_the_same_whatever_names_there_are(
    walker: Walker, tmp_path: Path, files: list[tuple[list[bytes], bytes, bytes, int]]
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        for folders, name, ending, size in files:
            make(Path(folder), b"/".join([*folders, name + ending]), size)
        tops = [f"{Path(folder).name}/{top}" for top in top_level(Path(folder))[0]]
        walker.ask(tops)
        assert answer_of(walker) == here(tmp_path, tops)


def test_answers_larger_than_any_pipe_come_whole_and_in_order(tmp_path: Path) -> None:
    for folder in ("Large", "Small"):
        (tmp_path / folder).mkdir()
    for number in range(6000):
        (tmp_path / "Large" / f"{'x' * 200} - S01E{number:04d}.mkv").touch()
    with walker_of(tmp_path) as walker:
        for folders in (["Large"], [], ["Small"], ["Large", "Small"]):
            walker.ask(folders)
        answers: list[Walked] = []
        while len(answers) < 4:
            answers += eventually(lambda: walker.answers(0.1), what="an answer")
    assert [len(walked.videos) for walked in answers] == [6000, 0, 0, 6000]
    assert answers[0] == here(tmp_path, ["Large"])


def test_one_that_was_killed_is_told_of(tmp_path: Path) -> None:
    with walker_of(tmp_path) as walker:
        [pid] = walkers(os.getpid())
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(WalkerDied):
            eventually(lambda: walker.answers(0.1), what="its death")
    assert walkers(os.getpid()) == []


def test_what_two_walk_comes_in_order_with_nothing_left_out(tmp_path: Path, two: None) -> None:
    for number in range(100):
        make(tmp_path, b"%03d/S01E01.mkv" % number, number)
    taken: list[int] = []
    away: list[str] = []

    def batches() -> Iterator[tuple[int, list[str]]]:
        for number in range(100):
            taken.append(number)
            yield number, [f"{number:03d}"] if number % 7 else []

    with Sharing[int](
        tmp_path,
        100,
        lambda folder, into: walk(tmp_path, folder, into=into),
        lambda folders, _walked: away.extend(folders),
    ) as two_of_them:
        came = []
        for number, walked in two_of_them.in_order(batches()):
            came.append((number, [video.size for video in walked.videos]))
            # Neither runs away: what waits is held in memory.
            assert len(taken) - len(came) <= sharing._LONGEST
    assert came == [(number, [number] if number % 7 else []) for number in range(100)]
    assert away


@pytest.mark.django_db
@pytest.mark.parametrize("reached", [1, SERIES // 2], ids=["before its first answer", "after some"])
def test_a_scan_whose_walker_is_killed_ends_right(scanned: Shelves, reached: int) -> None:
    killed: set[int] = set()

    def kill(current: int) -> None:
        for pid in set(walkers(os.getpid())) - killed if current >= reached else ():
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    scan = scan_with(kill)
    assert len(killed) == 1
    assert (scan.status, scan.lost_workers) == ("completed", 0)
    assert {name: scan.statistics[name] for name in ("folders", "files", "new", "changed", "vanished")} == {
        "folders": SERIES,
        "files": 2 * SERIES,
        "new": 1,
        "changed": 1,
        "vanished": 1,
    }
    assert EpisodeFile.objects.count() == 2 * SERIES
    assert scanned.changes() == {}
    assert walkers(os.getpid()) == []


@pytest.mark.django_db
def test_a_scan_is_cancelled_while_it_waits_and_leaves_no_process(
    scanned: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that does not answer: the walker is held, and the scan waits for what it was given."""
    monkeypatch.setattr(running, "_HOLD_EVERY", 0.0)
    looks: list[int] = []

    def hold(current: int) -> None:
        for pid in walkers(os.getpid()):
            os.kill(pid, signal.SIGSTOP)
            looks.append(current)
        if len(looks) > 3 * SERIES:
            scanning.cancel()

    scan = scan_with(hold)
    assert looks[-1] <= sharing._LONGEST
    assert scan.status == "cancelled"
    assert walkers(os.getpid()) == []
    assert EpisodeFile.objects.count() == 2 * SERIES


@pytest.mark.django_db
def test_a_walker_that_hangs_is_given_up(scanned: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_LONGEST_WAIT", 0.5)
    held: set[int] = set()

    def hold(_current: int) -> None:
        for pid in walkers(os.getpid()):
            os.kill(pid, signal.SIGSTOP)
            held.add(pid)

    scan = scan_with(hold)
    assert len(held) == 1
    assert (scan.status, scan.statistics["folders"], scan.statistics["files"]) == ("completed", SERIES, 2 * SERIES)
    assert walkers(os.getpid()) == []


@pytest.mark.django_db
def test_a_scan_works_where_no_process_can_be_started(scanned: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert scanned.changes() == {"new": 1, "changed": 1, "vanished": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(("least", "processors"), [(SERIES + 1, 2), (1, 1)])
def test_few_folders_or_one_processor_are_walked_alone(
    scanned: Shelves, monkeypatch: pytest.MonkeyPatch, least: int, processors: int
) -> None:
    monkeypatch.setattr(sharing, "LEAST", least)
    monkeypatch.setattr(sharing, "_processors", lambda: processors)
    seen: set[int] = set()
    assert scan_with(lambda _current: seen.update(walkers(os.getpid()))).status == "completed"
    assert not seen


@pytest.mark.parametrize("questions", [0, 3])
def test_it_never_outlives_its_parent(tmp_path: Path, questions: int) -> None:
    """Neither while it waits for a question nor for room for its answer, though a fork holds the pipes open."""
    (tmp_path / "Large").mkdir()
    for number in range(6000):
        (tmp_path / "Large" / f"{'x' * 200} - S01E{number:04d}.mkv").touch()
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path), str(questions)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    fork = int(parent.stdout.readline())
    try:
        [pid] = eventually(lambda: walkers(parent.pid), what="the walker")
        parent.kill()
        parent.wait()
        eventually(lambda: (left := linux.process(pid)) is None or left.state == "Z", what="its end")
    finally:
        os.kill(fork, signal.SIGKILL)
        parent.stdout.close()
