"""The calendar over HTTP: what is on which day, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from downloads import queue
from library.calendar import LONGEST_DAYS
from library.models import AnnouncedEpisode, Episode, Series
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db

PATH = "/api/calendar"
AT_CATALOGUE = {"German Dub": "2026-01-01T00:00:00Z", "German Sub": "2026-01-01T00:00:00Z"}


@pytest.fixture
def api() -> Api:
    return signed_in(user("member", staff=False))


@pytest.fixture
def series() -> Series:
    return make_series(key="show", name="The Show")


def today() -> date:
    return timezone.localdate()


def asked(api: Api, **query: Any) -> Any:
    answer = api.get(PATH, query, headers=api.credentials)
    assert answer.status_code == 200, answer.content
    return answer.json()


def told(api: Api, **query: Any) -> set[tuple[str, str, int, str, str]]:
    return {
        (item["date"], item["kind"], item["episode"], item["title"], item["state"])
        for item in asked(api, **query)["items"]
    }


def test_each_kind_of_day_is_told(api: Api, series: Series) -> None:
    past, soon = today() - timedelta(days=3), today() + timedelta(days=4)
    one, two, three = make_episodes(series, aired_on=past, languages=AT_CATALOGUE, title="Here")
    Episode.objects.filter(pk=one.pk).update(is_downloaded=True, download_date=timezone.now())
    queue.enqueue(series, [two], language="German Dub")
    for number, day in ((3, past), (4, past), (5, soon)):
        AnnouncedEpisode.objects.create(series=series, season=1, number=number, title="Announced", aired_on=day)
    assert told(api) == {
        (past.isoformat(), "aired", 1, "Here", "on_disk"),
        (today().isoformat(), "arrived", 1, "Here", "on_disk"),
        (past.isoformat(), "aired", 2, "Here", "queued"),
        (past.isoformat(), "aired", 3, "Here", "missing"),
        (past.isoformat(), "aired", 4, "Announced", "upcoming"),
        (soon.isoformat(), "expected", 5, "Announced", "upcoming"),
    }
    item = asked(api)["items"][0]
    assert item["series"] == {"key": "show", "name": "The Show"}
    assert (item["season"], item["languages"]) == (1, ["German Dub", "German Sub"])
    summary = api.call("get", "/api/anime/show").json()
    assert (summary["episode_count"], summary["missing_episodes"], three.is_downloaded) == (3, 2, False)


def test_of_an_arrival_the_languages_that_arrived_are_told(api: Api, series: Series) -> None:
    one, two = make_episodes(series, count=2, aired_on=today(), languages=AT_CATALOGUE)
    one.record_file("German Dub", "Show/S01E01.mkv", size=1, duration=1, mtime=0)
    languages = {item["episode"]: (item["kind"], item["languages"]) for item in asked(api)["items"]}
    assert languages == {1: ("arrived", ["German Dub"]), 2: ("expected", ["German Dub", "German Sub"])}
    assert not two.is_downloaded


def test_what_arrived_the_day_it_aired_is_told_once(api: Api, series: Series) -> None:
    make_episodes(series, count=1, aired_on=today(), is_downloaded=True, download_date=timezone.now())
    assert [item["kind"] for item in asked(api)["items"]] == ["arrived"]


def test_the_days_asked_for_are_both_included(api: Api, series: Series) -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    for number, day in enumerate((first - timedelta(days=1), first, last, last + timedelta(days=1)), start=1):
        Episode.objects.create(series=series, season=1, number=number, aired_on=day)
    edge = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    Episode.objects.create(series=series, season=1, number=9, is_downloaded=True, download_date=edge)
    answer = asked(api, **{"from": first, "to": last})
    assert (answer["from"], answer["to"], answer["truncated"]) == ("2026-03-01", "2026-03-31", False)
    assert [item["episode"] for item in answer["items"]] == [2, 3, 9]
    assert asked(api, to=last)["to"] == "2026-03-31"
    assert asked(api, **{"from": first})["from"] == "2026-03-01"


def test_only_monitored_series_and_never_removed_ones(api: Api, series: Series) -> None:
    other = make_series(key="other", name="Other", monitored=False)
    removed = make_series(key="removed", name="Removed")
    for one in (series, other, removed):
        make_episodes(one, count=1, aired_on=today())
    removed.remove()
    for query, keys in (
        ({}, ["other", "show"]),
        ({"monitored": "true"}, ["show"]),
        ({"monitored": "false"}, ["other"]),
    ):
        assert [item["series"]["key"] for item in asked(api, **query)["items"]] == keys


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-02-30"},
        {"from": "2026-1-1"},
        {"from": "20260101"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"from": "1767225600"},
        {"from": ""},
        {"from": "2026-05-02", "to": "2026-05-01"},
        {"from": "2026-01-01", "to": (date(2026, 1, 1) + timedelta(days=LONGEST_DAYS)).isoformat()},
        {"monitored": "perhaps"},
    ],
)
def test_wrong_days_are_refused(api: Api, query: dict[str, str]) -> None:
    answer = api.get(PATH, query, headers=api.credentials)
    assert answer.status_code == 422, answer.content
    assert answer.json()["detail"]


def test_the_longest_span_is_answered(api: Api) -> None:
    last = date(2026, 1, 1) + timedelta(days=LONGEST_DAYS - 1)
    assert asked(api, **{"from": "2026-01-01", "to": last})["items"] == []
    assert asked(api, **{"from": "9000-12-01"})["items"] == []


def test_it_costs_the_same_however_much_there_is(api: Api, series: Series) -> None:
    make_episodes(series, count=1, aired_on=today(), languages=AT_CATALOGUE)
    asked(api)
    few = queries_of(lambda: asked(api))
    for _ in range(4):
        more = make_series()
        make_episodes(more, count=6, aired_on=today(), is_downloaded=True, download_date=timezone.now())
        AnnouncedEpisode.objects.create(series=more, season=1, number=7, aired_on=today())
    assert len(asked(api)["items"]) == 29
    # The configuration may be read anew in between.
    assert queries_of(lambda: asked(api)) <= few + 1


def test_nobody_else_sees_it() -> None:
    assert Api().call("get", PATH).status_code == 401
