"""Each user's own favourites over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from library.models import Favorite
from tests.aniworld.people import Api, signed_in, user, with_key
from tests.library.factories import make_series, queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return signed_in(user())


@pytest.fixture
def other() -> Api:
    return signed_in(user("member", staff=False))


def answer(api: Api, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    got = api.call(method, f"/api/favorites{path}", body)
    assert got.status_code == status, got.content
    return got.json() if got.content else None


def test_the_life_of_a_favourite(api: Api) -> None:
    make_series(key="one", name="One")
    made = answer(api, "post", "/one", status=201)
    assert (made["key"], made["is_favorite"], made["rating"], made["notes"]) == ("one", True, None, "")
    assert made["series"] == {"key": "one", "name": "One", "description": "", "cover_url": ""}
    assert answer(api, "post", "/one")["id"] == made["id"]
    changed = answer(api, "patch", "/one", {"custom_title": "Eins", "rating": 4.5, "notes": "good\nvery"})
    assert (changed["custom_title"], changed["rating"], changed["notes"]) == ("Eins", 4.5, "good\nvery")
    changed = answer(api, "patch", "/one", {"rating": None})
    assert (changed["custom_title"], changed["rating"]) == ("Eins", None)
    assert answer(api, "get", "/one/status") == {"key": "one", "is_favorite": True}
    assert answer(api, "get", "/count") == {"count": 1}
    answer(api, "delete", "/one", status=204)
    assert answer(api, "get", "/one/status") == {"key": "one", "is_favorite": False}
    assert answer(api, "delete", "/one", status=404)["code"] == "no_favorite"
    assert answer(api, "get", "/count") == {"count": 0}


def test_the_list_is_paged_and_searched(api: Api) -> None:
    for number in range(5):
        make_series(key=f"s{number}", name=f"Series {number}")
        answer(api, "post", f"/s{number}", status=201)
    answer(api, "patch", "/s2", {"custom_title": "Meine"})
    page = answer(api, "get", "/?limit=2&page=2")
    assert [item["key"] for item in page["items"]] == ["s2", "s1"]
    assert (page["total"], page["page"], page["limit"]) == (5, 2, 2)
    assert [item["key"] for item in answer(api, "get", "?q=meine")["items"]] == ["s2"]
    assert [item["key"] for item in answer(api, "get", "?q=Series 3")["items"]] == ["s3"]
    assert queries_of(lambda: answer(api, "get", "?limit=1")) == queries_of(lambda: answer(api, "get", "?limit=5"))


def test_bulk_is_all_or_nothing(api: Api) -> None:
    for key in ("one", "two"):
        make_series(key=key)
    wrong = answer(api, "patch", "/bulk", {"keys": ["one", "nothing"], "is_favorite": True}, status=404)
    assert "nothing" in wrong["detail"]
    assert not Favorite.objects.exists()
    assert answer(api, "patch", "/bulk", {"keys": ["one", "two"], "is_favorite": True}) == {"changed": 2}
    assert answer(api, "patch", "/bulk", {"keys": ["one", "two"], "is_favorite": False}) == {"changed": 2}
    assert not Favorite.objects.exists()


def test_nobody_sees_another_ones(api: Api, other: Api) -> None:
    make_series(key="one")
    answer(api, "post", "/one", status=201)
    answer(api, "patch", "/one", {"notes": "secret"})
    assert answer(other, "get", "")["items"] == []
    assert answer(other, "get", "/one/status")["is_favorite"] is False
    assert answer(other, "patch", "/one", {"notes": "mine"}, status=404)
    assert answer(other, "delete", "/one", status=404)
    assert Favorite.objects.get().notes == "secret"
    assert Api().call("get", "/api/favorites").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"rating": 5.5},
        {"rating": -1},
        {"rating": 3.3},
        {"rating": "x"},
        {"custom_title": None},
        {"custom_title": "a\0b"},
        {"notes": "x" * 10_001},
        {"unknown": 1},
    ],
)
def test_wrong_words_are_refused(api: Api, body: dict[str, Any]) -> None:
    make_series(key="one")
    answer(api, "post", "/one", status=201)
    assert answer(api, "patch", "/one", body, status=422)["code"]


def test_an_unknown_series_is_not_found(api: Api) -> None:
    for method, path in (("post", "/x"), ("patch", "/x"), ("delete", "/x"), ("get", "/x/status")):
        assert answer(api, method, path, {} if method == "patch" else None, status=404)["code"] == "unknown_series"


def test_a_key_that_may_only_read_changes_nothing() -> None:
    make_series(key="one")
    reader = with_key(user("reader"), "read")
    assert reader.call("post", "/api/favorites/one").status_code == 403
    assert reader.call("get", "/api/favorites/count").status_code == 200
