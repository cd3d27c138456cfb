"""What every answer carries, and where a visitor is led."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from aniworld.configuration import store
from tests.aniworld.people import user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.mark.parametrize("path", ["/", "/setup", "/api/auth/status", "/api/docs", "/nothing", "/health"])
def test_the_policy_is_strict_everywhere(path: str) -> None:
    policy = Client().get(path)["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "default-src 'self'" in policy


def test_the_admin_gets_what_its_theme_needs_and_no_more() -> None:
    client = Client()
    client.force_login(user())
    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy


def test_other_headers() -> None:
    answer = Client().get("/api/auth/status")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "no-store"
    assert "camera=()" in answer["Permissions-Policy"]


def test_every_page_leads_to_the_setup_until_there_is_a_user() -> None:
    client = Client()
    for path in ("/", "/queue", "/admin/", "/login", "/settings"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/setup")
    assert client.get("/api/queue/status").status_code in (401, 404)
    assert client.get("/health").status_code == 503
    user()
    assert client.get("/admin/")["Location"] != "/setup"


def test_the_admin_has_no_login_of_its_own() -> None:
    user()
    answer = Client().get("/admin/login/?next=/admin/accounts/")
    assert answer["Location"] == "/login?next=%2Fadmin%2Faccounts%2F"


def test_a_session_lasts_as_long_as_configured() -> None:
    store.change({"general": {"session_timeout_hours": 2}})
    client = Client()
    client.force_login(user())
    assert client.session.get_expiry_age() == 7200


def test_the_users_language_counts_before_the_operators_and_the_browsers(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    person = user()
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(person)
    assert client.get("/admin/")["Content-Language"] == "de"
    store.change({"general": {"default_ui_language": "en"}})
    assert client.get("/admin/")["Content-Language"] == "en"
    person.preferences.language = "de"
    person.preferences.save()
    assert client.get("/admin/")["Content-Language"] == "de"


def test_a_language_that_is_not_offered_is_passed_over(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English")]
    person = user()
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(person)
    store.change({"general": {"default_ui_language": "de"}})
    assert client.get("/admin/")["Content-Language"] == "en"
