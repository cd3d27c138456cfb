"""The client of TMDB against a server that speaks as TMDB does, well and badly."""

from __future__ import annotations

import time
from typing import Any

import pytest

from aniworld.configuration import store
from library.metadata import records
from library.metadata import tmdb as client
from library.metadata.records import Ids
from providers.exceptions import AddressRefused, NotFound, PageNotUnderstood, ProviderError, RateLimited, ServerFailed
from providers.rate import Rate
from tests.library.metadata.conftest import enter_key
from tests.library.metadata.tmdb_server import KEY, TOKEN, TmdbServer, picture

pytestmark = pytest.mark.django_db


def test_without_a_key_nobody_is_asked(tmdb: TmdbServer) -> None:
    with pytest.raises(client.NoKey):
        client.connect()
    assert tmdb.asked == []


@pytest.mark.parametrize("given", [KEY, TOKEN])
def test_either_kind_of_key_opens_and_goes_nowhere_else(tmdb: TmdbServer, given: str) -> None:
    enter_key(given)
    tmdb.add(77, "Der Leuchtturm", 2021)
    [found] = client.connect().search("Leuchtturm")
    assert (found.tmdb_id, found.name, found.year, found.poster) == (77, "Der Leuchtturm", 2021, "/poster77.jpg")
    assert client.picture("/logo.png").startswith(b"\x89PNG")
    (path, query, headers), (picture_path, picture_query, picture_headers) = tmdb.asked
    assert (path, query["language"], query["query"]) == ("/3/search/tv", "de-DE", "Leuchtturm")
    assert query.get("api_key", "") == (KEY if given == KEY else "")
    assert headers.get("Authorization", "") == ("" if given == KEY else f"Bearer {TOKEN}")
    assert (picture_path, picture_query) == ("/t/p/original/logo.png", {})
    assert "Authorization" not in picture_headers


def test_a_series_in_full(tmdb: TmdbServer, key: str) -> None:
    tmdb.add(77, "Der Leuchtturm", 2021, original_name="灯台")
    facts = client.connect().show(77)
    assert facts.ids == Ids(77, 577, "tt0000077")
    assert (facts.name, facts.original_name, facts.certification, facts.rating) == (
        "Der Leuchtturm",
        "灯台",
        "DE-12",
        8.4,
    )
    assert (facts.logo, facts.fanart, facts.is_over) == ("/logo.png", "/fanart77.jpg", False)
    assert [season.number for season in facts.seasons] == [0, 1, 9]
    assert [actor.role for actor in facts.actors] == ["Ilse", ""]
    episodes = client.connect().season(77, 1)
    assert (episodes[2].title, episodes[2].runtime, str(episodes[2].aired)) == ("Der Titel 2", 24, "2021-04-02")
    assert client.connect().season(77, 0)[1].title == ""


def test_the_same_is_asked_once_for_a_while(tmdb: TmdbServer, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tmdb.add(77, "Der Leuchtturm", 2021)
    for _time in range(3):
        client.connect().show(77)
    assert len(tmdb.asked) == 1
    store.change({"metadata": {"tmdb_language": "en-US"}})
    client.connect().show(77)
    assert [query["language"] for _path, query, _headers in tmdb.asked] == ["de-DE", "en-US"]
    monkeypatch.setattr(client, "KEPT_FOR", -1.0)
    client.forget()
    client.connect().show(77)
    client.connect().show(77)
    assert len(tmdb.asked) == 4


def test_only_so_many_answers_are_kept(tmdb: TmdbServer, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_MOST_KEPT", 2)
    for words in ("one", "two", "three", "three", "two", "one"):
        client.connect().search(words)
    assert [query["query"] for _path, query, _headers in tmdb.asked] == ["one", "two", "three", "one"]


def test_ids_of_other_sites_lead_there(tmdb: TmdbServer, key: str) -> None:
    tmdb.add(77, "Der Leuchtturm", 2021)
    source = client.connect()
    assert source.find(Ids(tvdb=577)) == 77
    assert source.find(Ids(imdb="tt0000077")) == 77
    assert source.find(Ids(imdb="tt9999999")) is None
    assert source.find(Ids(tmdb=5)) == 5
    assert source.find(Ids()) is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", client.KeyRefused),
        ("404", NotFound),
        ("500", ServerFailed),
        ("garbage", PageNotUnderstood),
        ("list", PageNotUnderstood),
    ],
)
def test_each_fault_is_told_apart_and_asked_once(
    tmdb: TmdbServer, key: str, fault: str, error: type[ProviderError]
) -> None:
    tmdb.faults["/tv/"] = fault
    with pytest.raises(error) as caught:
        client.connect().show(77)
    assert KEY not in str(caught.value)
    assert len(tmdb.asked) == 1


def test_after_a_429_nobody_asks_before_the_time_is_over(tmdb: TmdbServer, key: str) -> None:
    tmdb.add(77, "Der Leuchtturm", 2021)
    tmdb.faults["/tv/"] = "429"
    with pytest.raises(RateLimited) as caught:
        client.connect().show(77)
    assert caught.value.retry_after == 2
    tmdb.faults.clear()
    with pytest.raises(RateLimited) as caught:
        client.connect().show(77)
    with pytest.raises(RateLimited):
        client.picture("/logo.png")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after <= 2
    assert len(tmdb.asked) == 1
    client.forget()
    assert client.connect().show(77).name == "Der Leuchtturm"


def test_no_more_are_asked_a_second_than_agreed(tmdb: TmdbServer, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RATE", Rate(per_second=20, burst=1))
    tmdb.add(77, "Der Leuchtturm", 2021)
    began = time.monotonic()
    for number in range(5):
        client.connect().search(f"Leuchtturm{number}")
    assert time.monotonic() - began >= 0.15


def test_a_slow_answer_ends_in_time(tmdb: TmdbServer, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.3)
    tmdb.faults["/tv/"] = "slow"
    with pytest.raises(ProviderError) as caught:
        client.connect().show(77)
    assert caught.value.code == "timed_out"


def test_private_addresses_are_reached_only_when_allowed(tmdb: TmdbServer, key: str, settings: Any) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = []
    with pytest.raises(AddressRefused):
        client.connect().show(77)
    with pytest.raises(AddressRefused):
        client.picture("/logo.png")
    assert tmdb.asked == []


def test_a_picture_over_the_limit_is_not_read(tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "IMAGE_LIMIT", 1000)
    tmdb.pictures["/big.jpg"] = picture() + b"\0" * 1000
    with pytest.raises(ProviderError) as caught:
        client.picture("/big.jpg")
    assert caught.value.code == "too_large"


HOSTILE = {
    "id": 7,
    "name": "  a\0\ud800b ",
    "overview": ["not", "text"],
    "first_air_date": "yesterday",
    "poster_path": "/../../etc/passwd",
    "backdrop_path": "https://elsewhere/x.jpg",
    "seasons": [None, {"season_number": "1"}, {"season_number": -1}, {"season_number": 2, "poster_path": 5}],
    "external_ids": {"imdb_id": "../x", "tvdb_id": 2**70},
    "genres": "all",
    "vote_average": "9",
    "vote_count": -4,
    "aggregate_credits": {"cast": [5, {"name": ""}, {"name": "A", "roles": "none"}]},
    "images": {"logos": [{"file_path": "/x.png", "iso_639_1": ["de"]}, {"file_path": "/x.svg", "iso_639_1": "de"}]},
    "content_ratings": {"results": [{"iso_3166_1": 5, "rating": None}]},
}


def test_what_has_the_wrong_type_is_left_out() -> None:
    facts = records.show(HOSTILE, "de-DE")
    assert facts is not None
    assert (facts.name, facts.plot, facts.premiered, facts.ids) == ("ab", "", None, Ids(7))
    assert (facts.poster, facts.fanart, facts.logo, facts.genres, facts.rating, facts.votes) == (
        "",
        "",
        "",
        (),
        None,
        0,
    )
    assert [season.number for season in facts.seasons] == [2]
    assert [actor.name for actor in facts.actors] == ["A"]
    useless: list[Any] = [None, [], 5, "x", {"id": True, "name": "x"}, {"id": 1}]
    for nonsense in useless:
        assert records.show(nonsense, "") is None
        assert records.candidates(nonsense) == []
        assert records.season(nonsense) == {}
        assert records.titles(nonsense) == ()
