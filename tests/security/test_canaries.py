"""Passwords, tokens, keys and headers are planted, used and mistyped; nothing that is shown or written has them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.test import Client

from aniworld import audit
from aniworld.accounts.models import User
from aniworld.configuration import store
from integrations.media_servers.models import MediaServer
from integrations.webhooks.models import Webhook
from providers.models import Provider
from tests.aniworld.people import Api
from tests.browser import seed
from tests.security import places

pytestmark = pytest.mark.django_db

PASSWORD = "canary-password-5f2c"
MISTYPED = "canary-mistyped-91ab"
HEADER = "canary-header-77de"
TMDB = "canary0tmdb0key0c0ffee0c0ffee00aa"
TARGET = "canary-target-3b3b"
HOOK = "canary-hook-6d1e"
SERVER = "canary-server-8c4a"
# Where administrators set what is sent to a provider, and see it.
SENT_BY_US = re.compile(r"^/api/providers/config|^/admin/providers/provider/\d+/change")


@pytest.fixture
def planted(tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Plants the canaries; answers all of them, those that the product made itself too."""
    settings.LIBRARY_DIR = tmp_path
    caplog.set_level(logging.DEBUG)
    admin = seed.everything()
    User.objects.filter(pk=admin.pk).update(password=make_password(PASSWORD))
    store.change(
        {
            "library": {"directory": str(tmp_path)},
            "metadata": {"tmdb_api_key": TMDB},
            "notifications": {"targets": [{"label": "phone", "address": f"json://user:{TARGET}@example.org/"}]},
        },
    )
    Provider.objects.filter(name="voe").update(custom_headers={"Authorization": f"Bearer {HEADER}"})
    Provider.forget()
    Webhook.objects.create(name="hook", address=f"https://example.org/{HOOK}", secret=f"{HOOK}-s")
    MediaServer.objects.create(name="tv", kind="plex", address="http://10.9.8.7:32400", secret=SERVER)

    def all_of_them() -> list[str]:
        made = _made_by_the_product(admin)
        return [PASSWORD, MISTYPED, HEADER, TMDB, TARGET, HOOK, SERVER, django_settings.SECRET_KEY, *made]

    return all_of_them


def _made_by_the_product(admin: User) -> list[str]:
    """A token and a key; on the way every credential is used in a wrong way, too."""
    login: dict[str, Any] = {"username": admin.username, "password": PASSWORD}
    Api().call("post", "/api/auth/login", {"username": MISTYPED, "password": MISTYPED})
    Api().call("post", "/api/auth/login", {"password": MISTYPED, "username": ["odd", MISTYPED]})
    token = Api().call("post", "/api/auth/login", login).json()["access_token"]
    key = Api(bearer=token).call("post", "/api/auth/apikeys", {"name": "canary", "scope": "read"}).json()["key"]
    for wrong in (Api(bearer=token + "x"), Api(key=key + "x"), Api(key=key)):
        wrong.call("delete", "/api/queue", {"item_ids": [1], "token": token})
    Api(bearer=token).call("put", "/api/config", {"metadata": {"tmdb_api_key": TMDB + "!"}, "no": {TARGET: HEADER}})
    Api(bearer=token).call("post", "/api/queue/add", {"key": token, "episodes": [{"season": key, "episode": 1}]})
    return [token, key]


def _shown(browser: Client) -> dict[str, str]:
    addresses = [*places.pages(), *places.administration(), *places.readings(), "/metrics", "/health", "/ws/status"]
    return {address: browser.get(address).content.decode("utf-8", "replace") for address in addresses}


def _written(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    files = [path for path in Path(django_settings.LOG_DIR).rglob("*") if path.is_file()]
    logs = {path.name: path.read_text(errors="replace") for path in files}
    return logs | {"log": "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)}


def test_no_secret_is_shown_or_written(planted: Callable[[], list[str]], caplog: pytest.LogCaptureFixture) -> None:
    canaries = planted()
    browser = Client(raise_request_exception=False)
    browser.force_login(User.objects.get(username="admin"))
    exports = {
        "config": browser.post("/api/config/export").content.decode(),
        "audit": json.dumps([row.changes for row in audit.models.Change.objects.all()]),
    }
    found = [
        (place, canary)
        for place, text in (_shown(browser) | exports | _written(caplog)).items()
        for canary in canaries
        if canary in text and not (canary == HEADER and SENT_BY_US.search(place))
    ]
    assert found == []


def test_an_error_page_tells_nothing(
    planted: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    canaries = planted()
    browser = Client(raise_request_exception=False)
    browser.force_login(User.objects.get(username="admin"))

    def fails(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr("library.listing.page", fails, raising=False)
    monkeypatch.setattr(store, "current", fails)
    for address in ("/", "/api/config", "/api/anime"):
        answer = browser.get(address, headers={"Authorization": f"Bearer {canaries[-2]}"})
        text = answer.content.decode()
        assert not [canary for canary in canaries if canary in text], address
        assert "Traceback" not in text
        assert "it broke" not in text
    assert not [canary for canary in canaries if canary in caplog.text]
