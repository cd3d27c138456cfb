"""The whole set as a file: what is exported comes back the same, and nothing wrong changes anything."""

from __future__ import annotations

from typing import Any

import pytest

from providers import exchange
from providers.models import ChainPlace, Provider, ProviderStatus
from tests.aniworld.people import Api
from tests.providers.rows import provider, status

EXPORT, IMPORT = "/api/providers/config/export", "/api/providers/config/import"


def _configure() -> None:
    provider("voe").change(
        timeout_seconds=9, custom_headers={"X-Key": "s3cret"}, base_url="https://voe.example.org", enabled=False
    )
    ProviderStatus.objects.filter(provider__name="voe").update(check_interval=1440)
    ChainPlace.objects.create(provider=provider("vidoza"), language="German Dub", position=2)
    ChainPlace.objects.create(provider=provider("voe"), included=False)


def _state() -> Any:
    data = exchange.export()
    del data["exported_at"]
    return data


def test_what_was_exported_comes_back_the_same(admin: Api) -> None:
    _configure()
    before = _state()
    exported = admin.call("get", EXPORT).json()
    assert exported["schema"] == 1
    assert "s3cret" in str(exported)
    Provider.objects.all().update(timeout_seconds=1, base_url="", custom_headers={}, enabled=True, priority=1)
    ProviderStatus.objects.all().update(check_interval=30)
    ChainPlace.objects.all().delete()
    answer = admin.call("post", IMPORT, exported)
    assert answer.status_code == 200, answer.content
    assert answer.json()["imported"] == Provider.objects.count()
    assert set(answer.json()["changed"]) == set(Provider.objects.values_list("name", flat=True))
    assert _state() == before
    assert admin.call("post", IMPORT, exported).json()["changed"] == []


def test_what_is_not_named_stays(admin: Api) -> None:
    _configure()
    body = {"schema": 1, "providers": [{"name": "voe", "timeout_seconds": None, "is_enabled": False}]}
    assert admin.call("post", IMPORT, body).json() == {"imported": 1, "changed": ["voe"], "skipped": []}
    row = provider("voe")
    assert (row.timeout_seconds, row.base_url, row.enabled) == (None, "https://voe.example.org", False)
    assert (status("voe").is_enabled, status("voe").check_interval) == (False, 1440)
    assert ChainPlace.objects.count() == 2


def test_every_error_is_told_with_its_place_and_nothing_changes(admin: Api) -> None:
    before = _state()
    body = {
        "schema": 1,
        "providers": [
            {"name": "voe", "timeout_seconds": 7},
            {"name": "nobody"},
            {"name": "vidoza", "timeout_seconds": 0, "base_url": "ftp://x", "more": 1},
            {"name": "voe"},
            {"name": "demo", "kind": "host", "check_interval": 60},
            {"name": "vidmoly", "check_interval": 7},
            {},
            "voe",
        ],
        "chain": [
            {"provider": "voe"},
            {"provider": "voe", "language": ""},
            {"provider": "demo", "language": "German Dub"},
            {"provider": "vidoza", "language": "Klingon"},
            {"provider": "nobody", "position": -1},
            {"provider": "ghost"},
        ],
        "extra": True,
    }
    answer = admin.call("post", IMPORT, body)
    assert answer.status_code == 422
    places = {tuple(one["loc"][1:]) for one in answer.json()["detail"]}
    assert places >= {
        ("extra",),
        ("providers", 1, "name"),
        ("providers", 2, "timeout_seconds"),
        ("providers", 2, "base_url"),
        ("providers", 2, "more"),
        ("providers", 3),
        ("providers", 4, "kind"),
        ("providers", 5, "check_interval"),
        ("providers", 6, "name"),
        ("providers", 7),
        ("chain", 1),
        ("chain", 2, "provider"),
        ("chain", 4, "position"),
        ("chain", 5, "provider"),
    }
    assert any(place[:3] == ("chain", 3, "language") for place in places)
    assert _state() == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schema": 2, "providers": []},
        {"schema": 1},
        {"schema": 1, "providers": None},
        {"schema": 1, "providers": {}},
        {"schema": 1, "providers": [], "chain": {}},
        {"schema": 1, "providers": [[]], "chain": [None]},
        {"schema": 1, "providers": [{"name": "x\u0000"}]},
        {"schema": 1, "providers": [{"name": "voe", "custom_headers": {"a": "b\n"}}]},
        {"schema": 1, "providers": [{"name": "voe", "priority": 2**31}]},
        {"schema": 1, "providers": [{"name": "voe", "max_consecutive_failures": 0}]},
        [],
        "text",
        None,
    ],
)
def test_nonsense_is_refused(admin: Api, body: Any) -> None:
    before = _state()
    assert admin.post(
        IMPORT, data="null" if body is None else body, content_type="application/json", headers=admin.credentials
    ).status_code in (400, 422)
    assert _state() == before


def test_what_is_not_installed_here_can_be_passed_over(admin: Api) -> None:
    body = {
        "schema": 1,
        "providers": [{"name": "elsewhere", "priority": 5}, {"name": "voe", "priority": 4}],
        "chain": [{"provider": "elsewhere"}, {"provider": "voe", "position": 1}],
    }
    assert admin.call("post", IMPORT, body).status_code == 422
    assert admin.call("post", f"{IMPORT}?unknown=perhaps", body).status_code == 422
    answer = admin.call("post", f"{IMPORT}?unknown=skip", body)
    assert answer.json() == {"imported": 1, "changed": ["voe"], "skipped": ["elsewhere"]}
    assert provider("voe").priority == 4
    assert ChainPlace.objects.get().provider == provider("voe")


def test_an_empty_chain_takes_all_places_away(admin: Api) -> None:
    _configure()
    assert admin.call("post", IMPORT, {"schema": 1, "providers": [], "chain": []}).status_code == 200
    assert not ChainPlace.objects.exists()


@pytest.mark.django_db
def test_a_refusal_names_every_problem_in_words() -> None:
    with pytest.raises(exchange.NotUsable) as refused:
        exchange.take_over({"schema": 9, "providers": [{"name": "nobody"}]})
    assert "schema: " in str(refused.value)
    assert "providers.0.name: There is no provider “nobody”." in str(refused.value)
