"""`/api/providers/config`: what may be set, by whom, and what is shown to whom."""

from __future__ import annotations

from typing import Any

import pytest

from providers.models import Provider
from tests.aniworld.people import Api, user, with_key
from tests.providers.api.conftest import cost, extra
from tests.providers.rows import provider

CONFIG = "/api/providers/config"
SECRET = {"Authorization": "Bearer s3cret"}


def test_a_provider_s_configuration_and_what_is_in_force(admin: Api) -> None:
    shown = admin.call("get", f"{CONFIG}/voe").json()
    assert (shown["name"], shown["kind"], shown["timeout_seconds"]) == ("voe", "host", None)
    assert (shown["effective"]["timeout_seconds"], shown["effective"]["max_retries"]) == (30, 3)
    changed = admin.call("put", f"{CONFIG}/voe", {"timeout_seconds": 12, "base_url": " https://voe.example.org "})
    assert changed.status_code == 200
    assert (changed.json()["timeout_seconds"], changed.json()["base_url"]) == (12, "https://voe.example.org")
    assert changed.json()["effective"]["timeout_seconds"] == 12
    assert provider("voe").rules().timeout_seconds == 12
    back = admin.call("put", f"{CONFIG}/voe", {"timeout_seconds": None}).json()
    assert (back["timeout_seconds"], back["base_url"]) == (None, "https://voe.example.org")


def test_what_is_named_changes_and_the_rest_stays_as_others_left_it(admin: Api) -> None:
    admin.call("put", f"{CONFIG}/voe", {"priority": 3})
    admin.call("put", f"{CONFIG}/voe", {"max_retries": 5, "custom_params": {"lang": "de"}})
    row = provider("voe")
    assert (row.priority, row.max_retries, row.custom_params) == (3, 5, {"lang": "de"})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"timeout_seconds": 0}, ["body", "timeout_seconds"]),
        ({"timeout_seconds": 601}, ["body", "timeout_seconds"]),
        ({"max_retries": 10**30}, ["body", "max_retries"]),
        ({"retry_delay": -1}, ["body", "retry_delay"]),
        ({"retry_delay": "NaN"}, ["body", "retry_delay"]),
        ({"max_concurrent_downloads": 65}, ["body", "max_concurrent_downloads"]),
        ({"bandwidth_limit_mbps": 0}, ["body", "bandwidth_limit_mbps"]),
        ({"requests_per_minute": 1.5}, ["body", "requests_per_minute"]),
        ({"priority": -1}, ["body", "priority"]),
        ({"priority": None}, ["body", "priority"]),
        ({"enabled": None}, ["body", "enabled"]),
        ({"base_url": "ftp://x.example"}, ["body", "base_url"]),
        ({"base_url": "https://user:pw@x.example"}, ["body", "base_url"]),
        ({"base_url": "https://x.example/" + "a" * 500}, ["body", "base_url"]),
        ({"base_url": "https://x\u0000"}, ["body", "base_url"]),
        ({"custom_headers": {"X": "a\r\nY: b"}}, ["body", "custom_headers"]),
        ({"custom_headers": {"": "a"}}, ["body", "custom_headers"]),
        ({"custom_headers": {"X": 5}}, ["body", "custom_headers", "X"]),
        ({"custom_headers": ["X"]}, ["body", "custom_headers"]),
        ({"custom_params": {"x\ud800": "y"}}, ["body", "custom_params"]),
        ({"name": "other"}, ["body", "name"]),
        ({"nonsense": 1}, ["body", "nonsense"]),
    ],
)
def test_wrong_values_are_refused_at_their_place(admin: Api, body: Any, place: list[str]) -> None:
    answer = admin.call("put", f"{CONFIG}/voe", body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == place
    assert provider("voe").updated_at == provider("voe").created_at or provider("voe").timeout_seconds is None


def test_every_error_is_told_at_once(admin: Api) -> None:
    body = {"timeout_seconds": 0, "base_url": "x", "custom_headers": {"a b": "c"}, "more": 1}
    detail = admin.call("put", f"{CONFIG}/voe", body).json()["detail"]
    assert {tuple(one["loc"]) for one in detail} == {("body", name) for name in body}


def test_enable_and_disable(admin: Api) -> None:
    assert admin.call("post", f"{CONFIG}/voe/disable").json()["enabled"] is False
    assert not provider("voe").enabled
    assert admin.call("post", f"{CONFIG}/voe/enable").json()["enabled"] is True
    assert provider("voe").enabled


def test_only_administrators_change_and_see_secrets(admin: Api, member: Api) -> None:
    assert admin.call("put", f"{CONFIG}/voe", {"custom_headers": SECRET}).json()["custom_headers"] == SECRET
    for path in (CONFIG, f"{CONFIG}/voe"):
        answer = member.call("get", path)
        assert answer.status_code == 200
        assert b"s3cret" not in answer.content
    assert member.call("get", f"{CONFIG}/voe").json()["custom_headers"] == {"Authorization": "***"}
    reader = with_key(user("keyed"), "read")
    assert b"s3cret" not in reader.call("get", f"{CONFIG}/voe").content
    for method, path, body in (
        ("put", f"{CONFIG}/voe", {}),
        ("post", f"{CONFIG}/voe/enable", None),
        ("post", f"{CONFIG}/voe/disable", None),
        ("get", f"{CONFIG}/export", None),
        ("post", f"{CONFIG}/import", {}),
    ):
        assert member.call(method, path, body).status_code == 403
        assert reader.call(method, path, body).status_code == 403


@pytest.mark.parametrize("name", ["nobody", "status", "x" * 200, "%F0%9F%92%A9", ".."])
def test_unknown_names_are_404(admin: Api, name: str) -> None:
    for method, path in (("get", ""), ("put", ""), ("post", "/enable"), ("post", "/disable")):
        assert admin.call(method, f"{CONFIG}/{name}{path}", {} if method == "put" else None).status_code in (404, 405)


def test_the_list_costs_the_same_however_long(admin: Api) -> None:
    before = cost(admin, CONFIG)
    for number in range(5):
        extra(number)
    assert cost(admin, CONFIG) == before
    assert len(admin.call("get", CONFIG).json()) == Provider.objects.count()
