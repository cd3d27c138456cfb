"""Dividing a file among connections: each byte is one's own task, whoever comes to its end first."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from downloads.ranges import GRAIN, Range, Share, Shares, length, merged, missing, split

TOTALS = st.integers(1, 60 * GRAIN)


def _bytes(ranges: list[Range]) -> set[int]:
    return {position for start, end in ranges for position in range(start, end)}


small_ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


@given(small_ranges)
def test_merging_keeps_the_bytes_and_orders_them(ranges: list[Range]) -> None:
    found = merged(ranges)
    assert _bytes(found) == _bytes(ranges)
    assert all(start < end for start, end in found)
    assert all(one[1] < two[0] for one, two in pairwise(found))


@given(small_ranges, st.integers(1, 70))
def test_what_is_there_and_what_is_missing_are_the_whole(ranges: list[Range], total: int) -> None:
    have = merged(ranges)
    rest = missing(have, total)
    assert _bytes(rest) == set(range(total)) - _bytes(have)
    assert length(rest) == len(_bytes(rest))


@given(st.integers(2 * GRAIN, 10**12), st.floats(0, 1e9), st.floats(1, 1e9))
def test_a_split_leaves_both_something_to_do(rest: int, own: float, other: float) -> None:
    kept = split(rest, own, other)
    assert 0 <= kept < rest
    assert bool(kept) == (own > 0)


class _Connections:
    """Some connections at any speeds, which come to their ends, break and are replaced in any order."""

    def __init__(self, have: list[Range], total: int) -> None:
        self.shares = Shares(have, total)
        self.held: list[Share] = []
        self.brought: list[Range] = []
        self.now = 0.0

    def step(self, data: Any) -> None:
        self.now += data.draw(st.floats(0.01, 3))
        self.shares.mark(self.now)
        if not self.held or data.draw(st.booleans()):
            share = self.shares.take(self.now)
            if share:
                self.held.append(share)
        if self.held:
            self._bring(data.draw(st.sampled_from(self.held)), data)

    def _bring(self, share: Share, data: Any) -> None:
        before = share.position
        # Whoever reads may hold more than is left of its share by the time it has written it.
        own = self.shares.advance(share, data.draw(st.integers(0, 20 * GRAIN)))
        self.brought.append((before, before + own))
        if share.position == share.end or data.draw(st.integers(0, 5)) == 0:
            self.shares.give_back(share, self.now)
            self.held.remove(share)

    def finish(self) -> None:
        for share in self.held:
            self.shares.give_back(share, self.now)
        while share_left := self.shares.take(self.now):
            assert share_left.end
            before = share_left.position
            self.brought.append((before, before + self.shares.advance(share_left, share_left.end)))
            self.shares.give_back(share_left, self.now)


@given(st.data(), TOTALS)
def test_each_byte_is_brought_exactly_once(data: Any, total: int) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, total), max_size=6)))
    have = merged(zip(edges[::2], edges[1::2], strict=False))
    connections = _Connections(have, total)
    for _step in range(data.draw(st.integers(0, 40))):
        connections.step(data)
        there = merged([*have, *connections.brought])
        assert connections.shares.have == there
    connections.finish()
    assert connections.shares.done
    assert connections.shares.have == [(0, total)]
    assert length(connections.brought) == total - length(have)


def test_an_idle_connection_takes_what_the_slowest_would_need_longest_for() -> None:
    shares = Shares([], 100 * GRAIN)
    fast = shares.first(0)
    assert fast
    shares.advance(fast, 10 * GRAIN)
    shares.mark(1)
    slow = shares.take(1)
    assert slow
    assert (fast.end, slow.end) == (slow.start, 100 * GRAIN)
    shares.advance(fast, fast.rest)
    shares.advance(slow, GRAIN)
    shares.mark(3)
    shares.give_back(fast, 3)
    taken = shares.take(3)
    assert taken
    assert taken.end == 100 * GRAIN
    assert slow.end == taken.start
    assert taken.rest > 5 * slow.rest


def test_all_of_a_connection_that_brings_nothing_is_taken() -> None:
    shares = Shares([], 10 * GRAIN)
    stuck = shares.first(0)
    assert stuck
    shares.advance(stuck, GRAIN)
    shares.mark(0.1)
    other = shares.take(0.1)
    assert other
    shares.advance(other, other.rest)
    shares.give_back(other, 1)
    for second in range(2, 9):
        shares.mark(second)
    taken = shares.take(9)
    assert taken
    assert (taken.start, stuck.rest) == (GRAIN, 0)


def test_a_part_of_which_nothing_came_goes_back_to_the_answer_that_has_it() -> None:
    shares = Shares([], 100 * GRAIN)
    first = shares.first(0)
    assert first
    shares.advance(first, 10 * GRAIN)
    shares.mark(1)
    second, third = shares.take(1), shares.take(1)
    assert second
    assert third
    shares.give_back(third, 2)
    shares.give_back(second, 2)
    assert first.end == 100 * GRAIN
    shares.advance(first, first.rest)
    assert shares.done


def test_an_unknown_end_is_one_connections_task() -> None:
    shares = Shares([(0, 100)], None)
    share = shares.first(0)
    assert share
    assert (share.start, share.end) == (100, None)
    assert shares.advance(share, 10**9) == 10**9
    shares.mark(5)
    assert shares.take(5) is None
    shares.ends(share)
    shares.give_back(share, 6)
    assert shares.done
    assert shares.total == 100 + 10**9
