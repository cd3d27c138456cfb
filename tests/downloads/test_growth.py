"""How many connections a file gets, by what a simulated host gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from downloads.fetchers.growth import Growth
from providers.exceptions import ConnectionFailed, RateLimited

TOTAL = 10**10
MEGABYTE = 1_000_000

# Bytes a second for so many connections.
Host = Callable[[int], float]


def _seconds_and_count(growth: Growth, host: Host, seconds: float, *, total: int = TOTAL) -> tuple[float, int]:
    """When the number of connections was the largest for the first time, and how many they are in the end."""
    now, done, largest, at = 0.0, 0, 1, 0.0
    while now < seconds:
        now += 0.02
        done += round(0.02 * host(growth.wanted))
        growth.look(now, done, total - done, flowing=growth.wanted)
        if growth.wanted > largest:
            largest, at = growth.wanted, now
    return at, growth.wanted


def test_a_host_that_limits_each_connection_gets_all_at_once() -> None:
    at, count = _seconds_and_count(Growth(16), lambda count: 2 * MEGABYTE * count, 5)
    assert count == 16
    assert at < 0.5


@pytest.mark.parametrize(("useful", "expected"), [(1, 1), (4, 4)])
def test_what_brings_no_more_is_taken_back(useful: int, expected: int) -> None:
    _at, count = _seconds_and_count(Growth(16), lambda count: 2 * MEGABYTE * min(count, useful), 4)
    assert count == expected


def test_what_is_over_at_once_gets_one() -> None:
    _at, count = _seconds_and_count(Growth(16), lambda count: MEGABYTE * count, 1, total=MEGABYTE)
    assert count == 1


@pytest.mark.parametrize("most", [1, 2, 5, 16])
def test_never_more_than_allowed(most: int) -> None:
    assert _seconds_and_count(Growth(most), lambda count: MEGABYTE * count, 3)[1] == most


def test_a_refusal_keeps_those_that_bring_bytes() -> None:
    growth = Growth(16)
    _seconds_and_count(growth, lambda count: MEGABYTE * count, 0.1)
    assert growth.wanted == 4
    growth.refused(1, ConnectionFailed("refused"), 0.2)
    assert growth.wanted == 1
    growth.look(0.3, 1, TOTAL, flowing=2)
    assert growth.wanted == 2


def test_after_a_refusal_it_waits_as_long_as_the_host_says() -> None:
    growth = Growth(16)
    growth.refused(1, RateLimited("slow down", retry_after=60), 0)
    tried: list[int] = []
    for step in range(1, 620):
        growth.look(step / 10, step * MEGABYTE, TOTAL, flowing=growth.wanted)
        tried += [step] if growth.wanted > 1 else []
    assert 600 <= tried[0] <= 602
