"""Charts: right for whatever was measured, and saying in words what they show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aniworld.templatetags import charts

START = datetime(2026, 1, 1, tzinfo=UTC)


def points(*rates: float | None) -> list[Any]:
    return [
        SimpleNamespace(
            time=START + timedelta(hours=hour),
            requests=0 if rate is None else 10,
            success_rate=rate,
            average_response_time_ms=rate,
        )
        for hour, rate in enumerate(rates)
    ]


rates = st.lists(st.none() | st.floats(0, 100), max_size=60)


@given(rates)
def test_no_bar_leaves_the_drawing_or_lies_over_another(values: list[float | None]) -> None:
    drawn = charts.bars(points(*values))
    assert len(drawn) == len(values)
    for bar, following in pairwise(drawn):
        assert bar.x + bar.width <= following.x + 0.01
    assert all(bar.x >= 0 and bar.x + bar.width <= charts.WIDTH + 0.01 for bar in drawn)


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=60))
def test_a_line_stays_inside_and_is_broken_where_values_miss(values: list[float | None]) -> None:
    path = charts.outline(values, max((value for value in values if value is not None), default=0))
    heights = [float(y) for _x, y in re.findall(r"([\d.]+) (-?[\d.]+)", path)]
    assert all(0 <= y <= charts.HEIGHT for y in heights)
    assert len(heights) == len([value for value in values if value is not None])
    assert path.count("M") == len(list(charts.runs(values)))


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=60))
def test_a_joined_line_is_one(values: list[float | None]) -> None:
    path = charts.outline(values, 1e9, joined=True)
    assert path.count("M") == int(any(value is not None for value in values))


@given(rates)
def test_any_values_make_a_drawing(values: list[float | None]) -> None:
    for text in (charts.success_bars(points(*values), "a<b"), charts.time_line(points(*values), "success_rate", "a<b")):
        assert text.startswith("<svg ")
        assert "a<b" not in text
        assert "style=" not in text
        assert "nan" not in text


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((None, None), "No requests in this time."),
        ((100.0, 50.0), "75.0 % of 20 requests succeeded; in the worst stretch 50 %."),
        ((99.99,), "99.9 % of 10 requests succeeded; in the worst stretch 99 %."),
    ],
)
def test_words_say_the_same(values: Any, told: str) -> None:
    assert charts.told_of_success(points(*values)) == told


def test_a_line_in_words() -> None:
    assert charts.told_of_times([None, 20.0, 5.25, None], "ms") == "From 5.2 to 20 ms, lately 5.2 ms."
    assert charts.told_of_times([None], "ms") == "Nothing was measured in this time."
