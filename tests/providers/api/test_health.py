"""`/api/providers/health`: what was measured, over time, and forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from providers.exceptions import ConnectionFailed
from providers.models import Provider, RequestLog
from tests.aniworld.people import Api
from tests.providers.api.conftest import cost, extra
from tests.providers.rows import provider

HEALTH = "/api/providers/health"


def ask(name: str, times: int = 1, *, error: str = "", ago: timedelta = timedelta(minutes=5)) -> None:
    failure = ConnectionFailed(error) if error else None
    for _time in range(times):
        RequestLog.objects.create(
            provider=provider(name),
            action=RequestLog.Action.SEARCH,
            successful=failure is None,
            response_time_ms=120,
            bytes=1000,
            error_code=failure.code if failure else "",
            error_message=error,
            created_at=timezone.now() - ago,
        )


def test_one_provider_s_metrics(member: Api) -> None:
    ask("demo", 3)
    ask("demo", error="No answer.", ago=timedelta(minutes=1))
    found = member.call("get", f"{HEALTH}/demo").json()
    assert (
        found.items()
        >= {
            "name": "demo",
            "total_requests": 4,
            "successful_requests": 3,
            "failed_requests": 1,
            "success_rate": 75.0,
            "average_response_time_ms": 120.0,
            "consecutive_failures": 1,
            "uptime_percentage": 75.0,
            "last_error": "No answer.",
        }.items()
    )
    assert found["last_error_time"].endswith("Z")
    assert member.call("get", f"{HEALTH}/voe").json()["uptime_percentage"] is None
    assert member.call("get", f"{HEALTH}/nobody").status_code == 404


def test_the_summary_of_all(member: Api) -> None:
    ask("demo", 2)
    ask("voe", error="Gone.")
    found = member.call("get", HEALTH).json()
    assert (found["total_requests"], found["failed_requests"]) == (3, 1)
    assert set(found["providers"]) == set(Provider.objects.values_list("name", flat=True))
    assert found["providers"]["voe"]["last_error"] == "Gone."


@pytest.mark.parametrize("hours", [1, 24, 168, 720])
def test_points_for_a_chart(member: Api, hours: int) -> None:
    ask("demo", 2, ago=timedelta(minutes=1))
    points = member.call("get", f"{HEALTH}/demo/history?hours={hours}").json()
    assert 10 < len(points) <= 140
    assert sum(point["requests"] for point in points) == 2
    assert [point["time"] for point in points] == sorted(point["time"] for point in points)


def test_the_chart_is_of_a_day_when_nothing_is_said(member: Api) -> None:
    assert len(member.call("get", f"{HEALTH}/demo/history").json()) in (24, 25)
    assert member.call("get", f"{HEALTH}/nobody/history").status_code == 404


@pytest.mark.parametrize("hours", ["0", "-1", "x", "1.5", "9" * 30, "%00", "87601"])
def test_odd_times_are_refused(member: Api, hours: str) -> None:
    assert member.call("get", f"{HEALTH}/demo/history?hours={hours}").status_code == 422


def test_a_reset_is_the_administrator_s_and_forgets(admin: Api, member: Api) -> None:
    ask("demo", 2)
    ask("voe")
    assert member.call("post", f"{HEALTH}/demo/reset").status_code == 403
    answer = admin.call("post", f"{HEALTH}/demo/reset")
    assert (answer.status_code, answer.json()["total_requests"]) == (200, 0)
    assert member.call("get", f"{HEALTH}/voe").json()["total_requests"] == 1
    assert admin.call("post", f"{HEALTH}/nobody/reset").status_code == 404


@pytest.mark.parametrize("path", ["", "/demo", "/demo/history"])
def test_the_cost_does_not_grow(member: Api, path: str) -> None:
    ask("demo")
    before = cost(member, HEALTH + path)
    for number in range(5):
        ask(extra(number).name, 3)
    assert cost(member, HEALTH + path) <= before


@pytest.mark.parametrize("name", ["test", "history", "reset", "status"])
def test_words_of_paths_are_no_providers(admin: Api, name: str) -> None:
    answer: Any = admin.call("get", f"{HEALTH}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
