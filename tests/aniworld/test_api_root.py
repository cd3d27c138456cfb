"""What holds for every operation of the API."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import DataError, OperationalError
from django.test import RequestFactory
from ninja.operation import PathView

from aniworld import api_errors
from aniworld.accounts.authentication import Bearer, Browser, Key
from aniworld.api import UtcRenderer, api
from aniworld.refusals import Conflict, NotReady, SlowDown
from providers.exceptions import Blocked, RateLimited
from tests.aniworld.people import Api, signed_in, user

pytestmark = pytest.mark.usefixtures("quick_passwords")

OPEN = {
    ("POST", "auth/setup"),
    ("POST", "setup"),
    ("POST", "auth/login"),
    ("GET", "auth/status"),
    ("GET", "health"),
}


def views() -> dict[str, list[PathView]]:
    """What answers at each route; ninja makes a pattern for each operation, all with the same view."""
    found: dict[str, list[PathView]] = {}
    for pattern in api.urls[0]:
        cells = getattr(pattern.callback, "__closure__", None) or ()
        for view in [cell.cell_contents for cell in cells if isinstance(cell.cell_contents, PathView)]:
            known = found.setdefault(str(pattern.pattern), [])
            if view not in known:
                known.append(view)
    return found


def operations() -> list[tuple[str, str, Any]]:
    return [
        (method, path, operation)
        for path, known in views().items()
        for view in known
        for operation in view.operations
        for method in operation.methods
    ]


def test_every_operation_has_auth_or_is_one_of_the_open_ones() -> None:
    found = operations()
    assert len(found) > 10
    without = {(method, path) for method, path, operation in found if not operation.auth_callbacks}
    assert without == OPEN
    for method, path, operation in found:
        if (method, path) in OPEN:
            continue
        kinds = [type(callback) for callback in operation.auth_callbacks]
        assert kinds == [Bearer, Key, Browser], f"{method} {path}: bearer first, CSRF for the cookie only"


def test_each_path_has_one_view_that_knows_each_method_once() -> None:
    """Django asks the first pattern alone: a second view of the same path would never answer."""
    assert [path for path, known in views().items() if len(known) != 1] == []
    found = [(method, path) for method, path, _operation in operations()]
    assert len(found) == len(set(found))


def test_no_path_ends_with_a_slash() -> None:
    assert [path for _method, path, _operation in operations() if path.endswith("/")] == []


@pytest.mark.django_db
def test_without_credentials_everything_else_is_401() -> None:
    for method, path, _operation in operations():
        if (method, path) in OPEN:
            continue
        filled = path.replace("<path:", "").replace("<", "").replace(">", "")
        answer = Api().call(method.lower(), f"/api/{filled}")
        assert answer.status_code == 401, f"{method} {path}"
        assert answer.json()["code"] == "unauthorized"


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({name for name, _value in pairs}) == len(pairs), pairs
    return dict(pairs)


@pytest.mark.django_db
def test_the_description_and_its_page_need_no_other_origin() -> None:
    schema = json.loads(Api().call("get", "/api/openapi.json").content, object_pairs_hook=_each_key_once)
    assert "/api/auth/login" in schema["paths"]
    assert schema["components"]["securitySchemes"].keys() >= {"Bearer", "Key", "Browser"}
    page = Api().call("get", "/api/docs")
    assert page.status_code == 200
    assert b"http://" not in page.content.replace(b"http://www.w3.org", b"")
    assert b"https://" not in page.content
    assert Api().call("get", "/api/v1/openapi.json").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/api/auth/status", "/api/auth/status/", "/api/v1/auth/status", "/api/v1/auth/status/"]
)
def test_both_roots_and_both_slashes_answer(path: str) -> None:
    assert Api().call("get", path).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/v1/nothing/", "/api/v2/queue", "/api/%00", "/api//"]
)
def test_unknown_paths_are_json(path: str) -> None:
    answer = Api().call("get", path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.django_db
def test_a_wrong_method_is_json() -> None:
    answer = Api().call("put", "/api/auth/login", {})
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "POST" in answer["Allow"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b"", 422),
        (b'{"password": "a\\u0000b"}', 422),
        (b'{"password": "\\ud800"}', 422),
        (b'{"password": 5}', 422),
        (b'{"password": "x", "username": ' + b"9" * 5000 + b"}", 400),
        (b'{"password": "' + b"x" * 6_000_000 + b'"}', 413),
    ],
)
def test_odd_bodies_are_refused_clearly(body: bytes, status: int) -> None:
    answer = Api().post("/api/auth/login", data=body, content_type="application/json")
    assert answer.status_code == status
    assert set(answer.json()) == {"detail", "code"}


@pytest.mark.django_db
def test_field_errors_name_the_place_and_never_the_value() -> None:
    answer = Api().call("post", "/api/auth/login", {"password": "s3cret" * 300, "username": "s3cret\x00"})
    assert [one["loc"] for one in answer.json()["detail"]] == [["body", "password"], ["body", "username"]]
    assert b"s3cret" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["0", "-1", "x", "9223372036854775808", "9" * 400, "1.5", "%00"])
def test_odd_ids_are_422_or_404(number: str) -> None:
    answer = signed_in(user()).call("delete", f"/api/auth/sessions/{number}")
    assert answer.status_code in (404, 422)
    assert set(answer.json()) == {"detail", "code"}


@pytest.mark.django_db
def test_an_unknown_host_is_json() -> None:
    answer = Api().call("get", "/api/auth/status", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (Conflict("no"), 409, "conflict", None),
        (NotReady("no", code="library_unavailable"), 503, "library_unavailable", None),
        (SlowDown("no", 7), 429, "slow_down", "7"),
        (Blocked("no"), 503, "blocked", None),
        (RateLimited("no", 3.2), 503, "rate_limited", "4"),
        (OperationalError("password=x"), 503, "database_unavailable", "5"),
        (DataError("x"), 422, "invalid", None),
        (OverflowError("x"), 422, "invalid", None),
        (RuntimeError("password=x"), 500, "internal_error", None),
    ],
)
def test_each_family_of_errors_has_its_answer(
    error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    answer = api.on_exception(RequestFactory().get("/api/x"), error)
    body = json.loads(answer.content)
    assert (answer.status_code, body["code"]) == (status, code)
    assert "password" not in body["detail"]
    assert answer.get("Retry-After") == retry_after


def test_every_status_of_the_contract_has_a_code() -> None:
    assert set(api_errors.CODES) >= {400, 401, 403, 404, 409, 413, 422, 429, 503}


def test_times_are_utc_with_a_z() -> None:
    berlin = datetime(2026, 11, 20, 11, 5, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    rendered = UtcRenderer().render(
        RequestFactory().get("/"), {"at": berlin, "utc": berlin.astimezone(UTC)}, response_status=200
    )
    assert json.loads(rendered) == {"at": "2026-11-20T10:05:00.123Z", "utc": "2026-11-20T10:05:00.123Z"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("post", "/api/anime/search", {}, ["body", "query"]),
        ("post", "/api/anime/one/reload", {"parts": ["episodes", 5]}, ["body", "parts", 1]),
        ("get", "/api/anime?page=x", None, ["query", "page"]),
        ("get", "/api/progress?limit=0", None, ["query", "limit"]),
    ],
)
def test_an_error_names_the_place_as_the_sender_wrote_it(method: str, path: str, body: Any, place: list[Any]) -> None:
    answer = signed_in(user()).call(method, path, body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == place


@pytest.mark.django_db
def test_what_strangers_get_wrong_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    user()
    for path in ("/api/nothing", "/api/queue/status", "/.env"):
        assert Api().call("get", path).status_code in (302, 401, 404)
    assert Api().post("/api/auth/login", data=b"{", content_type="application/json").status_code == 400
    assert caplog.records == []


@pytest.mark.django_db
def test_a_foreign_host_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    user()
    for filter_ in logging.getLogger("django.security.DisallowedHost").filters:
        vars(filter_).update(_next_at=0.0)
    for number in range(20):
        answer = Api().call("get", "/login", headers={"Host": f"evil{number}.example:8000"})
        assert answer.status_code == 400
        assert f"evil{number}.example. Whoever runs it adds that to ALLOWED_HOSTS" in answer.content.decode()
        assert answer["Content-Type"] == "text/plain"
    [told] = [record for record in caplog.records if "evil" in record.getMessage()]
    assert not told.exc_info


@pytest.mark.django_db
def test_so_is_a_form_without_its_token(caplog: pytest.LogCaptureFixture) -> None:
    user()
    for filter_ in logging.getLogger("aniworld.pages.errors").filters:
        vars(filter_).update(_next_at=0.0)
    for _try in range(20):
        assert Api().call("post", "/login", {}).status_code == 403
    assert len(caplog.records) == 1
