"""`/api/providers`: which there are, their states, the best one, checks and how often they happen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aniworld.accounts.models import Preferences
from aniworld.live.models import Event
from providers import monitored, recording, score
from providers.demo.site import Site
from providers.models import Provider, ProviderStatus
from tests.aniworld.people import Api, user, with_key
from tests.providers.api.conftest import cost, extra
from tests.providers.rows import provider, status
from tests.running import free_port

API = "/api/providers"


def states(**values: Any) -> None:
    """Sets columns of the states of some providers: name → columns."""
    for name, columns in values.items():
        ProviderStatus.objects.filter(provider__name=name).update(**columns)
    Provider.forget()


def test_all_are_listed_in_the_operator_s_order(member: Api) -> None:
    listed = member.call("get", API).json()
    assert [one["name"] for one in listed] == [row.name for row in Provider.objects.all()]
    voe = next(one for one in listed if one["name"] == "voe")
    assert voe.items() >= {"kind": "host", "status": "unknown", "enabled": True, "usable": True}.items()
    assert next(one for one in listed if one["name"] == "aniworld")["light"] == "off"


def test_status_records_are_told_in_full(member: Api) -> None:
    states(voe={"status": "down", "error_message": "No answer.", "total_checks": 4, "successful_checks": 1})
    records = {one["provider_id"]: one for one in member.call("get", f"{API}/status").json()}
    assert set(records) == set(Provider.objects.values_list("name", flat=True))
    assert (
        records["voe"].items()
        >= {
            "provider_name": "VOE",
            "status": "down",
            "error_message": "No answer.",
            "uptime_percentage": 25.0,
            "is_enabled": True,
            "check_interval": 60,
            "max_consecutive_failures": 3,
            "breaker": "closed",
            "breaker_level": 0,
            "open_until": None,
        }.items()
    )


def test_the_address_is_the_one_in_force_and_the_same_in_events(member: Api, providers: Site) -> None:
    records = {one["provider_id"]: one for one in member.call("get", f"{API}/status").json()}
    assert (records["demo"]["provider_url"], records["voe"]["provider_url"]) == (providers.address, None)
    provider("voe").change(base_url="https://voe.example.org")
    told = Event.objects.filter(type="provider_status").latest("id").data
    listed = next(one for one in member.call("get", f"{API}/status").json() if one["provider_id"] == "voe")
    assert told == listed
    assert told["provider_url"] == "https://voe.example.org"


def test_available_are_those_that_may_be_used_now(member: Api) -> None:
    soon = timezone.now() + timedelta(hours=1)
    states(voe={"breaker": "open", "open_until": soon}, vidoza={"status": "down"})
    provider("vidmoly").disable()
    names = {one["name"] for one in member.call("get", f"{API}/available").json()}
    assert not names & {"voe", "vidmoly", "aniworld"}
    assert names >= {"vidoza", "demo"}


def test_the_best_is_the_one_that_did_best(member: Api) -> None:
    for host, size in (("voe", 50_000_000), ("vidoza", 5_000_000)):
        for _try in range(20):
            monitored.record_download(host, successful=True, seconds=5, size=size, language="German Dub")
    recording.flush()
    score.forget()
    best = member.call("get", f"{API}/best").json()
    assert best["name"] == "voe"
    assert 0 < best["score"] <= 1
    assert best["reason"]
    assert member.call("get", f"{API}/best?language=German Dub").json()["name"] == "voe"
    for state in ({"status": "down"}, {"status": "blocked"}, {"status": "testing", "settled_status": "down"}):
        states(voe=state)
        assert member.call("get", f"{API}/best").json()["name"] != "voe"
    assert member.call("get", f"{API}/best?language=Klingon").status_code == 422


def test_without_a_usable_host_there_is_no_best(member: Api) -> None:
    Provider.objects.filter(kind="host").update(enabled=False)
    answer = member.call("get", f"{API}/best")
    assert (answer.status_code, answer.json()["code"]) == (404, "none_usable")


def test_members_may_test_and_get_the_result(member: Api, providers: Site) -> None:
    answer = member.call("post", f"{API}/demo/test")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["provider_id"]) == ("active", "demo")
    assert answer.json()["response_time"] > 0
    assert status("demo").total_checks == 1


def test_a_test_that_fails_is_an_answer_too(member: Api, providers: Site) -> None:
    row = provider("demo")
    row.change(base_url=f"http://127.0.0.1:{free_port()}")
    answer = member.call("post", f"{API}/demo/test")
    assert answer.status_code == 200
    assert answer.json()["error_message"]
    assert status("demo").consecutive_failures <= 1


def test_what_is_being_checked_is_not_checked_twice(member: Api, providers: Site) -> None:
    assert status("demo").begin_testing()
    answer = member.call("post", f"{API}/demo/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "testing")
    assert status("demo").total_checks == 0


def test_one_that_is_off_can_not_be_tested(member: Api) -> None:
    answer = member.call("post", f"{API}/aniworld/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_configured")
    assert member.call("post", f"{API}/nobody/test").status_code == 404


def test_how_it_is_checked_is_the_administrator_s(admin: Api, member: Api) -> None:
    wanted = {"is_enabled": False, "check_interval": 1440, "max_consecutive_failures": 5}
    assert member.call("patch", f"{API}/voe/status", wanted).status_code == 403
    answer = admin.call("patch", f"{API}/voe/status", wanted)
    assert answer.status_code == 200
    assert answer.json().items() >= wanted.items()
    assert admin.call("patch", f"{API}/voe/status", {"is_enabled": True}).json()["check_interval"] == 1440
    assert admin.call("patch", f"{API}/nobody/status", {}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"check_interval": 7},
        {"check_interval": None},
        {"check_interval": 10**40},
        {"max_consecutive_failures": 0},
        {"max_consecutive_failures": 10**6},
        {"is_enabled": None},
        {"is_enabled": "perhaps"},
        {"status": "active"},
        {"open_until": None},
    ],
)
def test_wrong_values_of_checking_are_refused(admin: Api, body: Any) -> None:
    assert admin.call("patch", f"{API}/voe/status", body).status_code == 422


def test_everybody_has_an_interval_of_their_own(member: Api) -> None:
    assert member.call("patch", f"{API}/check-interval", {"interval": 30}).json() == {"interval": 30}
    assert Preferences.objects.get(user__username="member").check_interval == 30
    assert member.call("get", "/api/auth/preferences").json()["check_interval"] == 30
    assert member.call("patch", f"{API}/check-interval", {"interval": None}).json() == {"interval": None}
    wrong: list[Any] = [{}, {"interval": 31}, {"interval": "x"}, {"interval": 30, "more": 1}, []]
    for body in wrong:
        assert member.call("patch", f"{API}/check-interval", body).status_code == 422


def test_a_key_that_may_only_read_tests_nothing(rows: None) -> None:
    reader = with_key(user("keyed"), "read")
    assert reader.call("get", f"{API}/status").status_code == 200
    assert reader.call("post", f"{API}/demo/test").status_code == 403
    assert reader.call("patch", f"{API}/check-interval", {"interval": 30}).status_code == 403


@pytest.mark.parametrize("path", ["", "/status", "/available", "/best"])
def test_lists_cost_the_same_however_long(member: Api, path: str) -> None:
    score.forget()
    before = cost(member, API + path)
    for number in range(5):
        extra(number)
    assert cost(member, API + path) <= before
