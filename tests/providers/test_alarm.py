"""Waits end when they are due, in any order, and not at all when they were called off."""

from __future__ import annotations

import multiprocessing
import threading
import time

from providers.http import alarm
from providers.http.alarm import Alarms
from tests.running import eventually


def test_each_rings_when_it_is_due_however_they_were_set() -> None:
    alarms, rung = Alarms(), []
    for seconds in (0.3, 0.1, 0.2, -1.0):
        alarms.after(seconds, lambda seconds=seconds: rung.append(seconds))  # type: ignore[misc]
    eventually(lambda: len(rung) == 4, 5)
    assert rung == [-1.0, 0.1, 0.2, 0.3]


def test_one_that_was_called_off_lets_go_and_never_rings() -> None:
    alarms, rung = Alarms(), threading.Event()
    off = alarms.after(0.05, rung.set)
    off.call_off()
    after = threading.Event()
    alarms.after(0.15, after.set)
    assert after.wait(5)
    assert not rung.is_set()
    assert off.ring is None


def test_one_that_fails_keeps_no_other_from_ringing() -> None:
    alarms, rung = Alarms(), threading.Event()
    alarms.after(0, lambda: [][1])
    alarms.after(0.05, rung.set)
    assert rung.wait(5)


def test_many_that_were_called_off_take_no_room() -> None:
    alarms = Alarms()
    for _number in range(10_000):
        alarms.after(3600, lambda: None).call_off()
    assert alarms.count < 100


def test_a_fork_rings_its_own() -> None:
    began = threading.Event()
    alarm.after(0, began.set)
    assert began.wait(5)
    child = multiprocessing.get_context("fork").Process(target=_rings)
    child.start()
    child.join(10)
    assert child.exitcode == 0


def _rings() -> None:
    rung, until = threading.Event(), time.monotonic() + 5
    alarm.after(0.05, rung.set)
    if not rung.wait(until - time.monotonic()):
        raise SystemExit(1)
