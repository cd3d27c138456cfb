"""The calendar's page: a month without anything, and a day with more than the list has room for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aniworld.pages.calendar import LISTED_A_DAY
from library.models import Episode
from tests.browser.test_pages import text_of

pytestmark = pytest.mark.django_db


def _lines(text: str) -> int:
    return len(re.findall(r'<a class="line ', text))


def _arrive_today(count: int) -> None:
    """So many episodes arrive today, and nothing at any other time."""
    Episode.objects.update(download_date=None, aired_on=None)
    ids = list(Episode.objects.values_list("pk", flat=True)[:count])
    assert len(ids) == count
    Episode.objects.filter(pk__in=ids).update(is_downloaded=True, download_date=timezone.now())


def test_a_day_with_more_than_the_list_shows_leads_to_all_of_it(browser: Client) -> None:
    _arrive_today(LISTED_A_DAY + 7)
    text = text_of(browser.get("/calendar?view=agenda"))
    assert _lines(text) == LISTED_A_DAY
    link = re.search(r'<a href="(/calendar\?day=[^"]+)">7 more on this day</a>', text)
    assert link
    whole = text_of(browser.get(link[1]))
    assert _lines(whole) == LISTED_A_DAY + 7
    assert "more on this day" not in whole
    assert "Whole month" in whole


def test_an_empty_month_says_so(browser: Client) -> None:
    _arrive_today(1)
    empty = (timezone.localdate() - timedelta(days=800)).strftime("%Y-%m")
    for view in ("month", "agenda"):
        assert "Nothing in this month" not in text_of(browser.get(f"/calendar?view={view}"))
        text = text_of(browser.get(f"/calendar?view={view}&month={empty}"))
        assert "Nothing in this month" in text
        assert 'href="/settings/metadata"' in text


@pytest.mark.parametrize("day", ["", "no", "2026-13-01", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_as_if_it_were_not_there(browser: Client, day: str) -> None:
    text = text_of(browser.get("/calendar", {"day": day}))
    assert "Whole month" not in text
