"""HTTPS behind a reverse proxy, told by headers that only trusted proxies may send."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
import requests
from django.core.checks import run_checks
from django.test import Client

from aniworld import checks
from aniworld.environment import ROOT
from tests.aniworld.people import PASSWORD, user
from tests.running import Running

PROXY, STRANGER = "10.1.2.3", "203.0.113.9"


@pytest.fixture
def https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    settings.ALLOWED_HOSTS = ["series.example.org", "127.0.0.1", "testserver"]


def ask(peer: str, path: str = "/login", **headers: str) -> Any:
    user("somebody", staff=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().get(path, REMOTE_ADDR=peer, headers=named)


@pytest.mark.django_db
@pytest.mark.usefixtures("https")
@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        (PROXY, {"X_Forwarded_Proto": "https"}, 200),
        (f"::ffff:{PROXY}", {"X_Forwarded_Proto": "https"}, 200),
        (PROXY, {"X_Forwarded_Proto": "http"}, 301),
        (PROXY, {}, 301),
        (STRANGER, {"X_Forwarded_Proto": "https"}, 301),
        (STRANGER, {}, 301),
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X_Forwarded_For": STRANGER}, 301),
        ("127.0.0.1", {"X_Forwarded_Proto": "https"}, 301),
        ("", {}, 301),
    ],
)
def test_who_is_led_to_https(peer: str, headers: dict[str, str], status: int) -> None:
    answer = ask(peer, **headers)
    assert answer.status_code == status
    assert answer.get("Location") == ("https://testserver/login" if status == 301 else None)


@pytest.mark.django_db
@pytest.mark.usefixtures("https")
def test_health_is_answered_to_everybody() -> None:
    assert ask(STRANGER, "/health").status_code == 503


@pytest.mark.django_db
@pytest.mark.usefixtures("https")
def test_a_forwarded_host_moves_nobody() -> None:
    for peer in (PROXY, STRANGER):
        answer = Client().get("/login", REMOTE_ADDR=peer, headers={"X-Forwarded-Host": "evil.example"})
        assert "evil" not in answer["Location"]


@pytest.mark.django_db
@pytest.mark.usefixtures("https")
def test_strict_transport_is_asked_for_on_https_only() -> None:
    assert ask(PROXY, X_Forwarded_Proto="https")["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Strict-Transport-Security" not in Client().get("/login", REMOTE_ADDR="127.0.0.1")


def test_https_without_a_trusted_proxy_is_told(settings: Any) -> None:
    settings.HTTPS, settings.TRUSTED_PROXIES = True, []
    assert [message.id for message in run_checks(tags=["installation"]) if message.id == "aniworld.W003"]
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.1")]
    assert checks.https().ok


CHECK_ALL = """
import sys
from django.conf import settings
from django.core import checks, management
import django
django.setup()
settings.SILENCED_SYSTEM_CHECKS = []
settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *settings.MIDDLEWARE]
found = checks.run_checks(tags=["security"], include_deployment_checks=True)
print([message.id for message in found])
"""


def test_django_s_own_checks_of_a_deployment_find_nothing() -> None:
    environment = {
        **os.environ,
        "HTTPS": "on",
        "TRUSTED_PROXIES": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "aniworld.settings",
        "ANIWORLD_PAGES": "on",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--tag", "security", "--fail-level", "WARNING"]
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    # Some of them are silent without Django's own middleware, which ours extends.
    command = [sys.executable, "-c", CHECK_ALL]
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout.strip() == "[]", result.stderr


# What README.md says of a reverse proxy, against a real one's headers


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    environment = {
        "HTTPS": "on",
        "TRUSTED_PROXIES": "127.0.0.1",
        "ALLOWED_HOSTS": "series.example.org,127.0.0.1",
        "BASE_PATH": "series",
    }
    with Running("--web-only", environment=environment) as running:
        answer = requests.post(f"{running.url}/api/auth/setup", json={"password": PASSWORD}, timeout=30)
        assert answer.status_code == 201, answer.text
        yield running


def through_proxy(up: Running, method: str, path: str, scheme: str = "https", **options: Any) -> requests.Response:
    headers = {
        "Host": "series.example.org",
        "X-Forwarded-For": STRANGER,
        "X-Forwarded-Proto": scheme,
        **options.pop("headers", {}),
    }
    return requests.request(method, up.url + path, headers=headers, allow_redirects=False, timeout=30, **options)


@pytest.mark.processes
@pytest.mark.xdist_group("https")
@pytest.mark.parametrize("prefix", ["", "/series"])
def test_the_proxy_may_strip_the_path_or_leave_it(up: Running, prefix: str) -> None:
    page = through_proxy(up, "GET", f"{prefix}/login")
    assert page.status_code == 200
    assert 'action="/series/login"' in page.text
    assert page.headers["Strict-Transport-Security"]
    assert "Secure" in page.headers["Set-Cookie"]
    unencrypted = through_proxy(up, "GET", f"{prefix}/login", scheme="http")
    assert (unencrypted.status_code, unencrypted.headers["Location"]) == (
        301,
        "https://series.example.org/series/login",
    )


@pytest.mark.processes
@pytest.mark.xdist_group("https")
def test_one_signs_in_through_the_proxy_without_naming_trusted_origins(up: Running) -> None:
    page = through_proxy(up, "GET", "/series/login")
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    answer = through_proxy(
        up,
        "POST",
        "/series/login",
        data={"csrfmiddlewaretoken": token, "username": "admin", "password": PASSWORD},
        headers={"Origin": "https://series.example.org", "Cookie": f"csrftoken={page.cookies['csrftoken']}"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/series/")
    foreign = {"Origin": "https://evil.example", "Cookie": f"csrftoken={page.cookies['csrftoken']}"}
    refused = through_proxy(up, "POST", "/series/login", data={"csrfmiddlewaretoken": token}, headers=foreign)
    assert refused.status_code == 403


@pytest.mark.processes
@pytest.mark.xdist_group("https")
def test_this_machine_itself_asks_without_tls(up: Running) -> None:
    assert requests.get(f"{up.url}/health", allow_redirects=False, timeout=30).status_code == 503
    assert requests.get(f"{up.url}/metrics", allow_redirects=False, timeout=30).status_code == 200
