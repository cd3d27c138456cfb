"""Every answer bounds what a browser may do with it, also those that come before anything of ours was asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.aniworld.people import user

pytestmark = pytest.mark.django_db

BOUNDS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ASKED: list[tuple[str, str, int, dict[str, Any]]] = [
    ("get", "/login", 200, {}),
    ("get", "/", 302, {}),
    ("get", "/no/such/page", 404, {}),
    ("post", "/login", 403, {}),
    ("get", "/login", 400, {"headers": {"Host": "evil.example"}}),
    ("get", "/static/css/shell.css", 200, {}),
    ("get", "/static/../aniworld/settings.py", 404, {}),
    ("get", "/static/no-such.css", 404, {}),
    ("get", "/admin/", 302, {}),
    ("get", "/health", 503, {}),
    ("get", "/metrics", 200, {}),
    ("get", "/ws/status", 401, {}),
    ("get", "/integrations/torznab/api", 404, {}),
    ("get", "/integrations/qbittorrent/api/v2/app/version", 404, {}),
    ("post", "/integrations/qbittorrent/api/v2/auth/login", 404, {}),
    ("get", "/integrations/no/such", 404, {}),
    ("get", "/api/docs", 200, {}),
    ("get", "/api/openapi.json", 200, {}),
    ("get", "/api/no/such", 404, {}),
    ("get", "/api/queue/status", 401, {}),
    ("put", "/api/auth/login", 405, {}),
    ("get", "/api/queue/status", 400, {"headers": {"Host": "evil.example"}}),
    ("post", "/api/auth/login", 400, {"data": b"{", "content_type": "application/json"}),
    ("post", "/api/auth/login", 413, {"data": b"x" * 5_300_000, "content_type": "application/json"}),
]


@pytest.mark.parametrize(("method", "path", "status", "options"), ASKED)
def test_every_answer_is_bounded(method: str, path: str, status: int, options: dict[str, Any]) -> None:
    user()
    answer = getattr(Client(enforce_csrf_checks=True, raise_request_exception=False), method)(path, **options)
    assert answer.status_code == status
    assert {name: answer.get(name) for name in BOUNDS} == BOUNDS
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "camera=()" in answer["Permissions-Policy"]
    if path.startswith("/api/"):
        assert answer["Cache-Control"] == "no-store" or status == 200
        assert answer["Content-Type"].startswith("application/json") or path == "/api/docs"


def test_a_form_that_is_too_large_is_refused_as_such() -> None:
    user()
    form = {"data": b"x" * 5_300_000, "content_type": "application/x-www-form-urlencoded"}
    answer = Client(raise_request_exception=False).post("/login", **form)  # type: ignore[arg-type]  # as a browser sends it
    assert (answer.status_code, answer.content) == (413, b"The request is too large.")
    assert {name: answer.get(name) for name in BOUNDS} == BOUNDS


def test_so_is_the_way_to_the_first_run() -> None:
    answer = Client().get("/queue")
    assert (answer.status_code, answer["Location"]) == (302, "/setup")
    assert {name: answer.get(name) for name in BOUNDS} == BOUNDS


@pytest.mark.parametrize("path", ["/login", "/api/no/such", "/static/css/shell.css", "/api/queue/status"])
def test_with_https_every_answer_demands_it_from_then_on(path: str, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT = 31536000, True
    settings.TRUSTED_PROXIES = []
    user()
    answer = Client().get(path, secure=True, REMOTE_ADDR="203.0.113.9")
    assert "max-age=31536000" in answer["Strict-Transport-Security"]


def test_a_wrong_method_is_told_with_those_that_are_right() -> None:
    answer = Client().put("/api/auth/login")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"


def test_a_failure_of_the_product_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr("aniworld.pages.session.signing_in.only_superuser", fails)
    monkeypatch.setattr("aniworld.accounts.signing_in.sign_in", fails)
    user()
    client = Client(raise_request_exception=False)
    for answer in (
        client.post("/login", {"password": "x"}),
        client.post("/api/auth/login", {"password": "x"}, content_type="application/json"),
    ):
        assert answer.status_code == 500
        assert {name: answer.get(name) for name in BOUNDS} == BOUNDS
        assert b"it broke" not in answer.content
