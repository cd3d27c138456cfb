"""What administrators change of providers stands in the log of changes, whichever way it was done."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from aniworld.accounts.models import User
from aniworld.audit import MASK
from aniworld.audit.models import Change
from providers import registry
from tests.aniworld.people import Api, signed_in, user

CONFIG = "/api/providers/config"


@pytest.fixture
def operator(db: None, settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEMO = True
    registry.sync()
    return user("operator")


@pytest.fixture
def api(operator: User) -> Api:
    return signed_in(operator)


def told() -> list[tuple[str, str, str, str, Any]]:
    return [(row.by, row.via, row.action, row.subject, row.changes) for row in Change.objects.order_by("id")]


def test_the_configuration_over_the_api(api: Api) -> None:
    body = {"priority": 3, "custom_headers": {"Authorization": "Bearer s3cret"}}
    assert api.call("put", f"{CONFIG}/voe", body).status_code == 200
    changes = {"priority": [20, 3], "custom_headers": [{}, MASK]}
    [(by, via, action, subject, found)] = told()
    assert (by, via, action, subject) == ("operator", "api", "changed", "provider VOE")
    assert found["custom_headers"] == changes["custom_headers"]
    assert found["priority"][1] == 3
    assert set(found) == set(changes)
    api.call("put", f"{CONFIG}/voe", body)
    assert api.call("put", f"{CONFIG}/voe", {"priority": -1}).status_code == 422
    assert Change.objects.count() == 1


def test_what_is_switched_and_reset_over_the_api(api: Api) -> None:
    api.call("post", f"{CONFIG}/voe/disable")
    api.call("post", f"{CONFIG}/voe/enable")
    api.call("patch", "/api/providers/voe/status", {"check_interval": 120})
    api.call("post", "/api/providers/health/voe/reset")
    assert [(action, changes) for _by, _via, action, _subject, changes in told()] == [
        ("changed", {"enabled": [True, False]}),
        ("changed", {"enabled": [False, True]}),
        ("changed", {"check_interval": [60, 120]}),
        ("reset the figures", {}),
    ]


def test_an_import_and_the_order_of_hosts_over_the_api(api: Api) -> None:
    whole = api.call("get", f"{CONFIG}/export").json()
    for entry in whole["providers"]:
        if entry["name"] == "voe":
            entry |= {"max_retries": 7, "custom_params": {"key": "s3cret"}}
    assert api.call("post", f"{CONFIG}/import", whole).status_code == 200
    api.call("post", "/api/providers/failover/reorder", {"names": ["vidoza", "voe"]})
    api.call("delete", "/api/providers/failover/voe", {"language": "German Dub"})
    imported, ordered, left_out = told()
    assert imported[2:4] == ("imported", "providers")
    assert imported[4] == {"voe: max_retries": [None, 7], "voe: custom_params": [{}, MASK]}
    assert ordered[3] == "order of hosts"
    assert ordered[4]["order"][1][:2] == ["vidoza", "voe"]
    assert left_out[3] == "order of hosts for German Dub"
    assert "voe" in left_out[4]["order"][0]
    assert "voe" not in left_out[4]["order"][1]


def test_on_the_page_in_the_admin_and_by_command(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    client.post(reverse("provider-verb", args=["voe", "disable"]))
    client.post(reverse("admin:providers_provider_chain"), {"leave_out": "vidoza"})
    call_command("providers", "enable", "voe", verbosity=0)
    call_command("providers", "reset", "voe", verbosity=0)
    assert [row[:4] for row in told()] == [
        ("operator", "page", "changed", "provider VOE"),
        ("operator", "admin", "changed", "order of hosts"),
        ("", "command", "changed", "provider VOE"),
        ("", "command", "reset", "provider VOE"),
    ]
