"""The rate that processes keep together: in any order of takers, over processes, and over the death of one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aniworld.environment import ROOT
from providers.kept_rate import kept
from providers.rate import Rate
from providers.shared_bucket import SharedBucket

RATE, PIECE = 400_000.0, 5_000.0


class _Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _bucket(path: Path) -> tuple[SharedBucket, _Clock]:
    clock = _Clock()
    return SharedBucket(path, clock), clock


@given(
    rate=st.floats(1, 1e8),
    burst=st.floats(0, 5),
    steps=st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 4)), min_size=1, max_size=40),
)
def test_what_passes_is_never_more_than_the_rate_allows(
    rate: float, burst: float, steps: list[tuple[float, float]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bucket, clock = _bucket(Path(folder) / "bucket")
        allowed, began = Rate(rate, burst * rate), clock.now
        waiting: list[tuple[float, float]] = []
        for pause, seconds in steps:
            clock.now += pause
            place = bucket.take(seconds * rate, allowed)
            assert place is not None
            waiting.append((place, seconds * rate))
            through = sum(count for place, count in waiting if not bucket.remaining(place, allowed))
            assert through <= (clock.now - began + burst) * rate * (1 + 1e-9) + 1e-6
        last = waiting[-1][0]
        clock.now += bucket.remaining(last, allowed) * (1 + 1e-9) + 1e-6
        assert bucket.remaining(last, allowed) < 1e-5


def test_a_change_of_the_rate_holds_for_those_who_wait(tmp_path: Path) -> None:
    bucket, _clock = _bucket(tmp_path / "bucket")
    place = bucket.take(1000, Rate(1, 0))
    assert place
    assert bucket.remaining(place, Rate(1, 0)) == pytest.approx(1000)
    assert bucket.remaining(place, Rate(500, 0)) == pytest.approx(2)


def test_who_may_not_wait_so_long_takes_nothing(tmp_path: Path) -> None:
    bucket, clock = _bucket(tmp_path / "bucket")
    allowed = Rate(1, 1)
    assert bucket.take(1, allowed, within=0) is not None
    assert bucket.take(1, allowed, within=0.5) is None
    clock.now += 0.6
    assert bucket.take(1, allowed, within=0.5) is not None


def test_nothing_is_saved_up_beyond_the_burst(tmp_path: Path) -> None:
    bucket, clock = _bucket(tmp_path / "bucket")
    allowed = Rate(10, 5)
    bucket.take(1, allowed)
    clock.now += 86400
    assert bucket.take(5, allowed, within=0) is not None
    assert bucket.take(1, allowed, within=0) is None


@pytest.mark.parametrize("left", [b"", b"\xff" * 24, b"\x00" * 24, b"short"])
def test_whatever_the_file_holds_it_goes_on(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "bucket"
    path.write_bytes(left)
    bucket = SharedBucket(path)
    assert bucket.take(1, Rate(1000, 1), within=1) is not None


def test_a_clock_that_began_anew_leaves_no_debt(tmp_path: Path) -> None:
    bucket, clock = _bucket(tmp_path / "bucket")
    bucket.take(100_000, Rate(1, 0))
    clock.now = 3
    assert bucket.take(1, Rate(1, 0), within=1) is not None


def test_a_name_has_one_bucket_in_a_process(settings: Any, tmp_path: Path) -> None:
    settings.RUN_DIR = tmp_path
    assert kept("a/b ü") is kept("a/b ü")
    assert kept("a/b ü") is not kept("other")


def _start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.providers.taker", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True)


@pytest.mark.processes
def test_processes_keep_the_rate_together_and_one_that_is_killed_disturbs_nobody(tmp_path: Path) -> None:
    file = str(tmp_path / "bucket")
    command = ("take", file, str(RATE), str(PIECE), "2.5")
    takers, victim = [_start(*command) for _taker in range(3)], _start(*command)
    for taker in (*takers, victim):
        assert taker.stdout
        taker.stdout.readline()
    victim.kill()
    victim.wait()
    times = sorted(moment for taker in takers for moment in json.loads(taker.communicate(timeout=30)[0]))
    seconds = times[-1] - times[0]
    assert len(times) * PIECE <= RATE * (seconds + 0.1) * 1.02 + PIECE
    # What the victim had taken, and the machine's other work, may cost some.
    assert len(times) * PIECE > RATE * (seconds - 0.5) * 0.6
    later = [moment for moment in times if moment > times[-1] - 1.5]
    bins = [sum(later[0] + i / 4 <= moment < later[0] + (i + 1) / 4 for moment in later) for i in range(5)]
    assert max(bins) * PIECE < RATE


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_holder_of_the_lock_that_dies_or_stands_still_stops_nobody(tmp_path: Path, number: signal.Signals) -> None:
    holder = _start("hold", str(tmp_path / "bucket"))
    try:
        assert holder.stdout
        holder.stdout.readline()
        holder.send_signal(number)
        began = time.monotonic()
        assert SharedBucket(tmp_path / "bucket").take(1, Rate(1000, 1)) is not None
        assert time.monotonic() - began < 5
    finally:
        holder.kill()
        holder.wait()


def test_a_fork_while_a_thread_holds_the_lock_leaves_the_child_free(tmp_path: Path) -> None:
    bucket = SharedBucket(tmp_path / "bucket")
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with bucket._threads:
            entered.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(10)
    child = os.fork()
    if not child:
        os._exit(0 if bucket.take(1, Rate(1000, 1)) is not None else 1)
    _pid, status = os.waitpid(child, 0)
    leave.set()
    holder.join()
    assert status == 0
