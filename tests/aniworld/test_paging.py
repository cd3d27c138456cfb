"""Pages of long lists hold what slices hold."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from aniworld.paging import page_of, stretch
from library import listing
from library.models import Episode, Series
from tests.library.factories import make_episodes, make_series

SORTS = ["name", "-name", "-missing_episodes", "episode_count", "-created_at", "-year"]


@pytest.fixture
def shelf(db: None) -> None:
    for number in range(7):
        make_episodes(make_series(), count=number % 3 + 1)


def _sorted(sort: str) -> QuerySet[Series]:
    return listing.matching(listing.Filter(sort=sort), None)


@pytest.mark.parametrize("sort", SORTS)
def test_a_stretch_is_a_slice_with_its_counts(shelf: None, sort: str) -> None:
    rows = _sorted(sort)
    whole = list(map(listing.summary, rows.all()))
    for first in range(0, 12, 2):
        with CaptureQueriesContext(connection) as queries:
            found = list(map(listing.summary, stretch(rows, first, first + 2)))
        assert found == whole[first : first + 2]
        assert len(queries) == 1


def test_joined_rows_and_their_order_stay(shelf: None) -> None:
    rows = Episode.objects.select_related("series").order_by("-series__name", "number")
    whole = [(row.series.name, row.number) for row in rows]
    assert [(row.series.name, row.number) for row in stretch(rows, 3, 8)] == whole[3:8]


@pytest.mark.parametrize(("number", "expected"), [(None, 1), ("2", 2), ("4", 4), ("99", 4), ("-1", 4), ("x", 1)])
def test_a_page_is_one_of_those_there_are(shelf: None, number: str | None, expected: int) -> None:
    page = page_of(_sorted("name"), 2, number)
    names = [row.name for row in _sorted("name")]
    assert page.number == expected
    assert [row.name for row in page.object_list] == names[2 * expected - 2 : 2 * expected]


def test_of_nothing_there_is_one_empty_page(db: None) -> None:
    page = page_of(_sorted("name"), 2, "7")
    assert (page.number, list(page.object_list)) == (1, [])
