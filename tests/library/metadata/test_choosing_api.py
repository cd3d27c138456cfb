"""Candidates and choices, over HTTP and on the page that works without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from library.models import Series
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_series
from tests.library.metadata.conftest import enter_key, load
from tests.library.metadata.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db

PATH = "/api/anime/show/metadata"


@pytest.fixture
def api() -> Api:
    return signed_in(user())


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(user("browser"))
    return client


@pytest.fixture
def series(tmdb: TmdbServer, library: Path) -> Series:
    tmdb.add(1, "Hunter x Hunter", 1999)
    tmdb.add(2, "Hunter × Hunter", 2011, alternative_titles={"results": [{"title": "Hunter x Hunter"}]})
    return make_series(key="show", name="Hunter x Hunter", folder="Show", year=2011, episodes_loaded=True)


def test_without_a_key_it_says_what_helps(series: Series, api: Api) -> None:
    for method, body in (("get", None), ("post", {"tmdb_id": 1})):
        answer = api.call(method, PATH, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "tmdb_key_missing")
        assert "configuration" in answer.json()["detail"]


def test_candidates_come_with_scores_best_first(series: Series, tmdb: TmdbServer, key: str, api: Api) -> None:
    found = api.call("get", PATH).json()
    assert (found["key"], found["tmdb_id"], found["has_nfo"]) == ("show", None, False)
    assert [(one["tmdb_id"], one["year"]) for one in found["candidates"]] == [(2, 2011), (1, 1999)]
    first, second = found["candidates"]
    assert 1 >= first["score"] > second["score"] >= 0
    assert first["poster_url"] == f"{tmdb.images}/w342/poster2.jpg"
    tmdb.add(3, "Level E", 2011)
    named = api.get(PATH, {"query": "Level E"}, headers=api.credentials).json()["candidates"]
    assert [one["tmdb_id"] for one in named] == [3]
    for query in ("x" * 201, "a\0b"):
        assert api.get(PATH, {"query": query}, headers=api.credentials).status_code == 422


def test_a_choice_is_kept_and_loaded(series: Series, tmdb: TmdbServer, key: str, api: Api, library: Path) -> None:
    assert load(series).tmdb_id == 2
    answer = api.call("post", PATH, {"tmdb_id": 1})
    assert (answer.status_code, answer.json()["tmdb_id"], answer.json()["tvdb_id"]) == (202, 1, 501)
    assert answer.json()["loading_status"] == "pending"
    loaded = load(series)
    assert (loaded.loading_status, loaded.tmdb_id, loaded.imdb_id) == ("completed", 1, "tt0000001")
    assert "<title>Hunter x Hunter</title>" in (library / "Show" / "tvshow.nfo").read_text()
    chosen = [one["tmdb_id"] for one in api.call("get", PATH).json()["candidates"] if one["is_chosen"]]
    assert chosen == [1]


def test_wrong_choices(series: Series, tmdb: TmdbServer, key: str, api: Api) -> None:
    answer = api.call("post", PATH, {"tmdb_id": 99})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tmdb_id")
    for body in ({}, {"tmdb_id": 0}, {"tmdb_id": 2**40}, {"tmdb_id": "x"}, {"tmdb_id": 1, "more": 1}):
        assert api.call("post", PATH, body).status_code == 422
    assert api.call("get", "/api/anime/nothing/metadata").status_code == 404
    member = signed_in(user("member", staff=False))
    assert member.call("get", PATH).status_code == 403
    assert member.call("post", PATH, {"tmdb_id": 1}).status_code == 403
    assert Series.objects.get().tmdb_id is None


@pytest.mark.parametrize(
    ("fault", "code"), [("401", "tmdb_key_refused"), ("429", "rate_limited"), ("500", "server_failed")]
)
def test_what_keeps_tmdb_from_answering_is_said(
    series: Series, tmdb: TmdbServer, key: str, api: Api, fault: str, code: str
) -> None:
    tmdb.faults["/3/"] = fault
    answer = api.call("get", PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert key not in answer.content.decode()
    assert ("Retry-After" in answer.headers) == (fault == "429")


def test_the_page_shows_candidates_and_takes_a_choice(
    series: Series, tmdb: TmdbServer, key: str, browser: Client
) -> None:
    address = reverse("series-metadata", args=["show"])
    page = browser.get(address)
    assert page.status_code == 200
    text = page.content.decode()
    assert text.index("(2011)") < text.index("(1999)")
    assert tmdb.host not in text
    answer = browser.post(address, {"tmdb_id": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("series", args=["show"]))
    assert Series.objects.get().tmdb_id == 1
    shown = browser.get(reverse("series", args=["show"])).content.decode()
    assert "themoviedb.org/tv/1" in shown
    assert "Choose another match" in shown
    answer = browser.post(address, {"overwrite": "on"})
    assert answer.status_code == 302
    assert Series.objects.get().loading_overwrites
    assert browser.post(address, {"tmdb_id": "x"}).status_code == 404
    browser.post(address, {"tmdb_id": "99"})
    assert Series.objects.get().tmdb_id == 1
    assert "no series with the number 99" in browser.get(address).content.decode()


def test_the_page_without_a_key_and_for_members(series: Series, tmdb: TmdbServer, browser: Client) -> None:
    address = reverse("series-metadata", args=["show"])
    assert "There is no TMDB key" in browser.get(address).content.decode()
    enter_key()
    tmdb.faults["/3/"] = "500"
    assert "500" in browser.get(address).content.decode()
    member = Client()
    member.force_login(user("member", staff=False))
    assert member.get(address).status_code == 403
    assert member.post(address, {"tmdb_id": "1"}).status_code == 403
    assert "series-metadata" not in member.get(reverse("series", args=["show"])).content.decode()


def test_the_admin_loads_metadata_anew(series: Series, browser: Client) -> None:
    for action, overwrites in (("load_metadata", False), ("replace_metadata", True)):
        chosen = {"action": action, "confirmed": "yes", "_selected_action": [str(series.pk)]}
        assert browser.post(reverse("admin:library_series_changelist"), chosen).status_code == 302
        row = Series.objects.get()
        assert (row.missing_parts, row.loading_overwrites) == (("nfo", "logo", "images"), overwrites)
