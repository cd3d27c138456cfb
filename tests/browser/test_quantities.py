"""Sizes and durations as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aniworld.templatetags import quantities


@given(st.one_of(st.integers(min_value=0, max_value=2**63 - 1), st.floats(min_value=0, max_value=1e18)))
def test_every_size_has_at_most_three_digits_before_the_point(count: float) -> None:
    words = quantities.size(count)
    assert re.fullmatch(r"\d{1,4}(\.\d)?\u00a0(B|kB|MB|GB|TB|PB)", words), words


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "–"), (999, "999 B"), (4_356_657, "4.4 MB"), (99_949_000, "99.9 MB"), (1_990_000_000, "2.0 GB")],
)
def test_sizes_are_rounded_not_cut(count: float | None, words: str) -> None:
    assert quantities.size(count).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "1 h 0 min"),
        (3700, "1 h 2 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations_in_words(seconds: float | None, words: str) -> None:
    assert quantities.duration(seconds).replace("\u00a0", " ") == words
