"""The last day by the hour: what is rolled up and what is not yet is counted once, each request in its hour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from providers import last_day, registry, rollups
from providers.models import RequestLog
from tests.providers.rows import provider

pytestmark = pytest.mark.django_db


def _asked(name: str, hours_ago: float, action: str = "resolve", *, successful: bool = True) -> None:
    RequestLog.objects.create(
        provider=provider(name),
        action=action,
        successful=successful,
        response_time_ms=200,
        created_at=timezone.now() - timedelta(hours=hours_ago),
    )


def test_every_request_of_the_last_day_is_counted_once_in_its_hour() -> None:
    registry.sync()
    for hours_ago in (0, 5, 5, 30):
        _asked("voe", hours_ago)
    _asked("voe", 5, "download", successful=False)
    _asked("voe", 3, "check", successful=False)
    before = last_day.of_all()
    rollups.roll_up()
    _asked("vidoza", 0)
    found = last_day.of_all()
    voe = provider("voe").pk
    assert found[voe] == before[voe]
    assert set(found) == {voe, provider("vidoza").pk}
    hours = found[voe]
    assert [hour.time for hour in hours] == [hours[0].time + timedelta(hours=n) for n in range(last_day.HOURS)]
    assert sum(hour.requests for hour in hours) == 4
    busiest = max(hours, key=lambda hour: hour.requests)
    assert (busiest.requests, busiest.average_response_time_ms) == (3, 200)
    assert busiest.success_rate == pytest.approx(200 / 3)
