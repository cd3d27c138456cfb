"""The journal: what events say to people, filtered, by series, page by page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aniworld.live.models import Event
from aniworld.live.publish import ROOM_OF, publish
from aniworld.pages import activity, journal
from downloads import events
from downloads.models import QueueItem
from tests.browser.test_pages import text_of

pytestmark = pytest.mark.django_db


def facts(status: str) -> dict[str, Any]:
    item = QueueItem.objects.filter(status=status).order_by("id").first()
    assert item is not None
    return events._facts(item)


def headlines(text: str) -> list[str]:
    return re.findall(r'<div class="journal__text">\s*<(?:a|span)[^>]*>([^<]+)<', text)


def test_each_line_says_what_happened_and_leads_there(browser: Client) -> None:
    running = facts("downloading")
    publish("download_failed", facts("failed"))
    publish("failover", {"item_id": running["item_id"], "from": "voe", "to": "demo-fast", "error": "A captcha."})
    publish("download_complete", facts("completed"))
    publish("provider_down", {"provider_id": "demo-hls", "error_message": "No answer."})
    text = text_of(browser.get("/activity"))
    assert headlines(text) == [
        "Demo HLS is down",
        "The Clockmaker&#x27;s Garden S01E01 arrived",
        "The Clockmaker&#x27;s Garden S02E03 goes on at Demo Fast",
        "Beneath Paper Lanterns S02E04 failed",
    ]
    assert "VOE failed: A captcha." in text
    assert f'href="/queue/{running["item_id"]}"' in text
    assert ">Today<" in text


def test_what_moves_bars_is_no_line(browser: Client) -> None:
    publish("download_progress", facts("downloading"))
    publish("queue_status", {"action": "items_added"})
    assert "Nothing has happened yet" in text_of(browser.get("/activity"))


def test_filters_and_the_series_narrow_it(browser: Client) -> None:
    publish("download_failed", facts("failed"))
    publish("download_complete", facts("completed"))
    assert len(headlines(text_of(browser.get("/activity?filter=trouble")))) == 1
    assert len(headlines(text_of(browser.get("/activity", {"q": "clockmaker"})))) == 1
    assert len(headlines(text_of(browser.get("/activity?filter=nonsense&before=x")))) == 2
    assert "Nothing like this happened lately" in text_of(browser.get("/activity", {"q": "\x00 nobody"}))


def test_older_ones_are_a_page_away_and_none_is_shown_twice(browser: Client) -> None:
    for _number in range(activity.A_PAGE + 5):
        publish("queue_paused", {})
    first = text_of(browser.get("/activity"))
    older = re.search(r'href="/activity(\?before=\d+)" rel="next"', first)
    assert older
    second = text_of(browser.get(f"/activity{older[1]}"))
    shown = [set(re.findall(r'id="event-(\d+)"', text)) for text in (first, second)]
    assert [len(ids) for ids in shown] == [activity.A_PAGE, 5]
    assert not shown[0] & shown[1]
    assert "The journal goes back 7 days." in second


def test_days_stand_apart(browser: Client) -> None:
    publish("queue_paused", {})
    Event.objects.update(timestamp=timezone.now() - timedelta(days=1))
    publish("queue_resumed", {})
    text = text_of(browser.get("/activity"))
    assert re.findall(r'class="journal__day"[^>]*>([^<]+)<', text) == ["Today", "Yesterday"]


def test_many_lines_cost_no_more_queries_than_few(browser: Client, django_assert_max_num_queries: Any) -> None:
    publish("download_complete", facts("completed"))
    browser.get("/activity")
    with django_assert_max_num_queries(40) as few:
        browser.get("/activity")
    for item in QueueItem.objects.select_related("series", "episode"):
        publish("download_complete", events._facts(item))
        publish("failover", {"item_id": item.pk, "from": "voe", "to": "demo-fast"})
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get("/activity")


@pytest.mark.parametrize("type_", journal.TYPES)
def test_a_line_stands_whatever_an_event_lacks(browser: Client, type_: str) -> None:
    assert type_ in ROOM_OF
    for data in ({}, {"name": None, "item_id": "x", "season": "one", "statistics": 3, "key": "a/b"}):
        publish(type_, data)
    assert len(headlines(text_of(browser.get("/activity")))) == 2


def test_every_filter_names_types_that_have_words() -> None:
    assert {type_ for _words, types in activity.FILTERS.values() for type_ in types} <= set(journal.TYPES)
