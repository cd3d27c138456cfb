"""Dates that TMDB announces: kept beside the catalogue, looked at anew, and never a missing episode."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from library.metadata import announcing
from library.metadata import tmdb as client
from library.models import AnnouncedEpisode, Episode, Series
from tests.aniworld.people import signed_in, user
from tests.library.factories import make_episodes, make_series
from tests.library.metadata.conftest import load
from tests.library.metadata.tmdb_server import TmdbServer, episode

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(tmdb: TmdbServer, library: Path, key: str) -> Series:
    """Three episodes at the catalogue, five at TMDB, where another season is announced."""
    soon = timezone.localdate() + timedelta(days=10)
    seasons = [
        {"season_number": 1, "name": "One", "air_date": "2021-04-01"},
        {"season_number": 2, "name": "Two", "air_date": soon.isoformat()},
        {"season_number": 3, "name": "Three", "air_date": None},
    ]
    tmdb.add(77, "Show", 2021, seasons=seasons)
    tmdb.seasons[77, 1] = [episode(number) for number in range(1, 6)]
    tmdb.seasons[77, 2] = [episode(1, name="Back again", air_date=soon.isoformat())]
    made = make_series(key="show", name="Show", folder="Show (2021)", year=2021, episodes_loaded=True)
    make_episodes(made, season=1, link="x")
    return made


def announced(series: Series) -> list[str]:
    return [str(one) for one in AnnouncedEpisode.objects.filter(series=series)]


def test_what_is_announced_is_kept_and_nothing_is_missing_for_it(series: Series, tmdb: TmdbServer) -> None:
    load(series)
    assert announced(series) == ["S01E01", "S01E02", "S01E03", "S01E04", "S01E05", "S02E01"]
    assert "/3/tv/77/season/3" not in tmdb.paths()
    assert Episode.objects.count() == 3
    api = signed_in(user())
    summary = api.call("get", "/api/anime/show").json()
    assert (summary["episode_count"], summary["missing_episodes"]) == (3, 3)
    items = api.call("get", "/api/calendar").json()["items"]
    assert [(item["season"], item["episode"], item["title"], item["kind"]) for item in items] == [
        (2, 1, "Back again", "expected")
    ]


def test_once_the_catalogue_has_it_it_is_told_once(series: Series) -> None:
    load(series)
    day = AnnouncedEpisode.objects.get(season=2).aired_on
    Episode.objects.create(series=series, season=2, number=1, link="x", aired_on=day)
    items = signed_in(user()).call("get", "/api/calendar").json()["items"]
    assert [(item["season"], item["episode"]) for item in items] == [(2, 1)]


def test_another_match_forgets_what_the_former_one_announced(series: Series, tmdb: TmdbServer) -> None:
    load(series)
    tmdb.add(88, "Show", 1990)
    Series.objects.filter(pk=series.pk).update(tmdb_id=88, nfo_loaded=False, loading_status="pending")
    load(Series.objects.get(pk=series.pk))
    assert announced(series) == ["S01E01", "S01E02", "S01E03"]


def due(series: Series, **values: Any) -> None:
    known = {"tmdb_id": 77, "loading_status": "completed", "status": "ongoing", "dates_looked_at": None}
    Series.objects.filter(pk=series.pk).update(**{**known, **values})


def test_dates_are_looked_at_once_a_day(series: Series, tmdb: TmdbServer) -> None:
    due(series)
    assert announcing.refresh_due() == 1
    assert announced(series) == ["S01E01", "S01E02", "S01E03", "S01E04", "S01E05", "S02E01"]
    assert announcing.refresh_due() == 0
    later = timezone.localdate() + timedelta(days=40)
    tmdb.seasons[77, 1][2]["air_date"] = later.isoformat()
    del tmdb.seasons[77, 1][4]
    client.forget()
    due(series, dates_looked_at=timezone.now() - timedelta(hours=25))
    assert announcing.refresh_due() == 1
    assert Episode.objects.get(number=3).aired_on == later
    assert "S01E05" not in announced(series)


@pytest.mark.parametrize(
    "values",
    [
        {"monitored": False},
        {"status": "completed"},
        {"tmdb_id": None},
        {"tmdb_refused": True},
        {"deleted_at": timezone.now()},
        {"loading_status": "pending"},
    ],
)
def test_only_where_something_is_to_come(series: Series, tmdb: TmdbServer, values: dict[str, Any]) -> None:
    due(series, **values)
    assert announcing.refresh_due() == 0
    assert tmdb.paths() == []


def test_an_error_is_no_reason_to_ask_all_the_time(series: Series, tmdb: TmdbServer) -> None:
    due(series)
    tmdb.faults["/tv/77"] = "500"
    assert announcing.refresh_due() == 0
    asked = len(tmdb.paths())
    assert announcing.refresh_due() == 0
    assert len(tmdb.paths()) == asked
