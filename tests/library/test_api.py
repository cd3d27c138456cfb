"""The library over HTTP, with real tokens."""

from __future__ import annotations

from typing import Any

import pytest

from aniworld.accounts.models import User
from library import listing, loading
from library.models import Episode, Favorite, Series
from providers.demo.site import Site
from tests.aniworld.people import Api, signed_in, user, with_key
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return user()


@pytest.fixture
def api(admin: User) -> Api:
    return signed_in(admin)


@pytest.fixture
def member() -> Api:
    return signed_in(user("member", staff=False))


def listed(api: Api, **query: Any) -> list[str]:
    answer = api.get("/api/anime", query, headers=api.credentials)
    assert answer.status_code == 200, answer.content
    return [item["key"] for item in answer.json()["items"]]


def test_a_stranger_sees_nothing() -> None:
    for method, path in (("get", "/api/anime"), ("post", "/api/anime/add"), ("post", "/api/anime/search")):
        assert Api().call(method, path, {} if method == "post" else None).status_code == 401


def test_search_add_and_follow(site: Site, api: Api) -> None:
    answer = api.call("post", "/api/anime/search", {"query": "Silberfaden"})
    assert answer.status_code == 200
    found = answer.json()["items"][0]
    assert set(found) == {"key", "name", "link", "year", "description", "cover_url", "provider", "in_library"}
    assert answer.json()["warnings"] == []

    answer = api.call("post", "/api/anime/add", {"link": found["link"], "name": found["name"], "download": "missing"})
    assert answer.status_code == 202
    series = Series.objects.get()
    assert answer.json() == {
        "status": "success",
        "message": "Series added and queued for background loading",
        "key": "silberfaden",
        "folder": "Silberfaden",
        "db_id": series.pk,
        "loading_status": "pending",
        "loading_progress": {"episodes": False, "nfo": False, "logo": False, "images": False},
    }
    assert series.download_when_loaded
    again = api.call("post", "/api/anime/add", {"key": "silberfaden", "provider": "demo"})
    assert (again.status_code, again.json()["code"]) == (409, "already_there")

    assert loading.load_pending() == 1
    status = api.call("get", "/api/v1/anime/silberfaden/loading-status").json()
    assert (status["key"], status["loading_status"], status["error"]) == ("silberfaden", "completed", None)
    assert status["progress"] == {"episodes": True, "nfo": True, "logo": True, "images": True}
    assert status["started_at"].endswith("Z")
    assert status["completed_at"] >= status["started_at"]

    answer = api.call("post", "/api/anime/silberfaden/reload", {"parts": ["episodes"]})
    assert (answer.status_code, answer.json()["loading_status"]) == (202, "pending")
    assert api.generic("POST", "/api/anime/silberfaden/reload", headers=api.credentials).status_code == 202


def test_parts_are_loaded_anew_alone(api: Api, member: Api) -> None:
    loaded = {f"{part}_loaded": True for part in ("episodes", "nfo", "logo", "images")}
    series = make_series(key="one", loading_status="completed", **loaded)
    assert api.call("post", "/api/anime/one/reload", {"parts": ["posters"]}).status_code == 422
    answer = member.call("post", "/api/anime/one/reload", {"parts": ["logo"], "overwrite": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    answer = member.call("post", "/api/anime/one/reload", {"parts": ["logo"]})
    assert (answer.status_code, answer.json()["loading_status"]) == (202, "pending")
    series.refresh_from_db()
    assert (series.missing_parts, series.loading_overwrites) == (("logo",), False)
    assert api.call("post", "/api/anime/one/reload", {"parts": ["nfo"], "overwrite": True}).status_code == 202
    series.refresh_from_db()
    assert (series.missing_parts, series.loading_overwrites) == (("nfo", "logo"), True)


@pytest.mark.parametrize("scope", ["read", "queue"])
def test_every_key_may_search_and_only_that(admin: User, scope: str) -> None:
    key = with_key(admin, scope)
    for path in ("/api/anime/search", "/api/anime/search/", "/api/v1/anime/search"):
        answer = key.call("post", path, {"query": "x"})
        assert answer.status_code == 200, answer.content
    for path in ("/api/anime/add", "/api/anime/search/reload", "/api/anime/one/restore"):
        assert key.call("post", path, {}).status_code == 403


def test_list_filters_and_sorts(admin: User, api: Api) -> None:
    alpha = make_series(key="alpha", name="Alpha", status="ongoing", year=2020)
    beta = make_series(key="beta", name="Beta", status="completed", monitored=False, alternative_titles=["Zweite"])
    gamma = make_series(key="gamma", name="gamma", provider="other", loading_status="failed")
    make_episodes(alpha, count=3)
    make_episodes(beta, count=5, is_downloaded=True)
    first, *_others = make_episodes(gamma, count=2, languages={"English Sub": "2026-01-01T00:00:00Z"})
    first.record_file("German Dub", "x.mp4", size=1, duration=None, mtime=1.0)
    Favorite.objects.put(admin, beta)
    make_series(key="removed", name="Removed").remove()

    assert listed(api) == ["alpha", "beta", "gamma"]
    assert listed(api, sort="-name") == ["gamma", "beta", "alpha"]
    assert listed(api, sort="-missing_episodes") == ["alpha", "gamma", "beta"]
    assert listed(api, sort="-created_at") == ["gamma", "beta", "alpha"]
    assert listed(api, sort="-year") == ["alpha", "beta", "gamma"]
    assert listed(api, q="zweite") == ["beta"]
    assert listed(api, q="ALPHA") == ["alpha"]
    assert listed(api, missing_only="true") == ["alpha", "gamma"]
    assert listed(api, status="completed") == ["beta"]
    assert listed(api, loading_status="failed") == ["gamma"]
    assert listed(api, monitored="false") == ["beta"]
    assert listed(api, favorite="true") == ["beta"]
    assert listed(api, favorite="false") == ["alpha", "gamma"]
    assert listed(api, language="English Sub") == listed(api, language="German Dub") == ["gamma"]
    assert listed(api, provider="other") == ["gamma"]
    assert listed(api, deleted="true") == ["removed"]
    assert listed(api, limit=1, page=2) == ["beta"]
    item = api.call("get", "/api/anime?q=alpha").json()["items"][0]
    assert (item["episode_count"], item["missing_episodes"], item["is_favorite"]) == (3, 3, False)
    assert item["loading_progress"]["episodes"] is False


@pytest.mark.parametrize(
    "query",
    ["sort=color", "status=lost", "loading_status=x", "language=Klingon", "provider=unknown", "monitored=perhaps",
     "page=0", "page=99999999999999999999", "limit=0", "limit=201", "limit=x", "q=%00", "provider=%00", "sort="],
)  # fmt: skip
def test_unknown_filters_are_422(api: Api, query: str) -> None:
    answer = api.call("get", f"/api/anime?{query}")
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"]


def test_the_list_costs_the_same_however_long(api: Api) -> None:
    for number in range(3):
        make_episodes(make_series(name=f"S{number}"))
    listed(api)
    few = queries_of(lambda: listed(api))
    for number in range(15):
        make_episodes(make_series(name=f"T{number}"))
    assert queries_of(lambda: listed(api)) == few
    assert len(listed(api)) == 18


def test_detail_is_composed_for_the_app_above(admin: User) -> None:
    series = make_series()
    one, two, _three = make_episodes(series, languages={"German Dub": "x", "English Sub": "x"})
    make_episodes(series, season=0, count=1)
    one.record_file("German Sub", "a/sub.mp4", size=20, duration=1.0, mtime=1.0)
    one.record_file("German Dub", "a/dub.mp4", size=10, duration=1.0, mtime=1.0, quality="720p")
    listing.detail(series, admin)
    few = queries_of(lambda: listing.detail(series, admin))
    make_episodes(series, season=2, count=20)
    assert queries_of(lambda: listing.detail(series, admin)) == few
    shown = listing.detail(series, admin, {two.pk: "pending"})
    assert [season["season"] for season in shown["seasons"]] == [0, 1, 2]
    first, second, third = shown["seasons"][1]["episodes"]
    assert (first["file_path"], first["file_size"]) == ("a/dub.mp4", 10)
    assert {file["path"] for file in first["files"]} == {"a/dub.mp4", "a/sub.mp4"}
    assert first["languages"] == ["German Dub", "English Sub"]
    assert (first["is_downloaded"], first["queue_status"]) == (True, None)
    assert (second["queue_status"], third["file_path"]) == ("pending", None)
    assert (shown["episode_count"], shown["missing_episodes"]) == (24, 23)


def test_an_operator_changes_and_restores(api: Api, member: Api) -> None:
    series = make_series(key="one")
    assert member.call("patch", "/api/anime/one", {"monitored": False}).status_code == 403
    body = {"monitored": False, "name": "New", "language_plan": {"order": ["English Sub"], "fallback": False}}
    answer = api.call("patch", "/api/anime/one", body)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["name"], answer.json()["monitored"]) == ("New", False)
    assert answer.json()["language_plan"] == {"order": ["English Sub"], "fallback": False, "upgrade": False}
    make_series(folder="Taken")
    assert api.call("patch", "/api/anime/one", {"folder": "taken"}).status_code == 409
    for wrong in (
        {"folder": "../x"},
        {"folder": "\0"},
        {"name": "\0"},
        {"language_plan": {"order": ["x"]}},
        {"name": ""},
    ):
        assert api.call("patch", "/api/anime/one", wrong).status_code == 422, wrong
    series.remove()
    assert api.call("patch", "/api/anime/one", {"monitored": True}).status_code == 404
    assert member.call("post", "/api/anime/one/restore").status_code == 403
    assert api.call("post", "/api/anime/one/restore").json()["deleted_at"] is None
    assert api.call("post", "/api/anime/one/restore").status_code == 200


@pytest.mark.parametrize(
    "key", ["nothing", "%00", "%F0%9F%8E%8C", "a%20b", "..%5C", "%ED%A0%80", "x" * 900, "-1", "search"]
)
def test_any_unknown_key_is_404(api: Api, key: str) -> None:
    for method, path in (("get", "loading-status"), ("post", "reload"), ("post", "restore")):
        answer = api.generic(method.upper(), f"/api/anime/{key}/{path}", headers=api.credentials)
        assert answer.status_code == 404, (path, answer.content)
    assert api.call("patch", f"/api/anime/{key}", {}).status_code in (404, 405)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("search", {}),
        ("search", {"query": ""}),
        ("search", {"query": "x" * 201}),
        ("search", {"query": "a\0"}),
        ("search", {"query": 5}),
        ("search", []),
        ("add", {}),
        ("add", {"link": 1}),
        ("add", {"key": "\0", "provider": "demo"}),
        ("add", {"key": "\ud800", "provider": "demo"}),
        ("add", {"key": "x", "provider": "\0"}),
        ("add", {"link": "http://nowhere.example/x"}),
        ("add", {"link": "http://[x"}),
        ("add", {"key": "x", "provider": "demo", "name": "a\0"}),
        ("add", {"key": "x", "provider": "demo", "language_plan": {"order": ["German Dub", "German Dub"]}}),
        ("add", {"key": "x", "provider": "demo", "download": "all"}),
        ("x/reload", {"parts": ["posters"]}),
    ],
)
def test_wrong_bodies_are_422(site: Site, api: Api, path: str, body: Any) -> None:
    make_series(key="x", slug="other")
    answer = api.call("post", f"/api/anime/{path}", body)
    assert answer.status_code == 422, answer.content
    assert set(answer.json()) == {"detail", "code"}
    assert Episode.objects.count() == 0
