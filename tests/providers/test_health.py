"""A provider's requests in numbers, and over time."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aniworld.refusals import Invalid, NotThere
from providers import health, rollups
from providers.models import ProviderStatus, RequestHour, RequestLog
from tests.providers.measured import DUB, NOON, SUB, Action, ago, at, downloads, host, line, put


def test_a_record_tells_what_the_requests_came_to(database: str) -> None:
    voe = host("voe")
    ProviderStatus.objects.create(provider=voe, last_check=ago(minutes=3))
    put(*(line(voe, ago(minutes=50), response_time_ms=float(ms), bytes=10) for ms in range(1, 101)))
    downloads(voe, ago(minutes=40), 2)
    downloads(voe, ago(minutes=39), 1, 1, language=SUB, bytes=50_000_000)
    put(line(voe, ago(minutes=30), action=Action.CHECK, successful=False, error_message="not a request"))
    put(*(line(voe, ago(minutes=20 - n), successful=False, error_message=f"refused {n}") for n in range(4)))
    with at(NOON):
        record = health.of("voe")
        assert health.of_all() == {"voe": record}
    assert (record.total_requests, record.successful_requests, record.failed_requests) == (108, 103, 5)
    assert record.success_rate == pytest.approx(100 * 103 / 108)
    assert record.uptime_percentage == pytest.approx(100 * 103 / 108)
    assert record.average_response_time_ms == pytest.approx((5050 + 400) / 104)
    assert record.p95_response_time_ms == 99
    assert record.consecutive_failures == 4
    assert record.total_bytes_downloaded == 1000 + 200_000_000 + 50_000_000 + 50_000_000
    assert record.throughput == {DUB: 10_000_000, SUB: 5_000_000}
    assert (record.last_error, record.last_error_time) == ("refused 3", ago(minutes=17))
    assert record.last_check == ago(minutes=3)


def test_the_uptime_looks_back_an_hour_and_knows_nothing_without_requests(database: str) -> None:
    voe = host("voe")
    put(line(voe, ago(minutes=61), successful=False), *(line(voe, ago(minutes=59)) for _ in range(3)))
    put(line(voe, ago(minutes=1), successful=False))
    with at(NOON):
        assert health.of("voe").uptime_percentage == 75
    with at(NOON + timedelta(minutes=30)):
        assert health.of("voe").uptime_percentage == 0
    with at(NOON + timedelta(minutes=59, seconds=1)):
        rollups.roll_up()
        record = health.of("voe")
        assert (record.uptime_percentage, record.success_rate) == (None, 60)


def test_nothing_measured_is_nothing_known(database: str) -> None:
    host("voe")
    assert health.of("voe") == health.HealthRecord()
    assert [one.requests for one in health.history("voe")] == [0] * 24
    with pytest.raises(NotThere):
        health.of("nobody")
    with pytest.raises(NotThere):
        health.reset("nobody")


def test_a_reset_clears_requests_and_hours(database: str) -> None:
    voe, vidoza = host("voe"), host("vidoza")
    for row in (voe, vidoza):
        downloads(row, ago(hours=5), 2, 1)
        downloads(row, ago(minutes=5), 1)
    with at(NOON):
        rollups.roll_up()
        health.reset("voe")
        assert health.of("voe") == health.HealthRecord()
        assert health.of("vidoza").total_requests == 4


def test_the_number_of_queries_does_not_grow(database: str) -> None:
    counts = []
    for number in range(1, 13):
        row = host(f"host{number}")
        put(line(row, ago(minutes=5), successful=number % 2 == 0), line(row, ago(hours=3)))
        if number in (1, 12):
            with at(NOON), CaptureQueriesContext(connections["default"]) as queries:
                assert len(health.of_all()) == number
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


def test_the_summary_adds_all_up(database: str) -> None:
    voe = host("voe")
    host("vidoza", enabled=False)
    downloads(voe, ago(minutes=5), 3, 1)
    with at(NOON):
        told = health.summary()
    assert (told["total_providers"], told["available_providers"], told["availability_percentage"]) == (2, 1, 50)
    assert (told["total_requests"], told["failed_requests"], told["success_rate"]) == (4, 1, 75)
    assert told["providers"]["voe"]["throughput"] == {DUB: 10_000_000}


@pytest.mark.parametrize(
    ("hours", "points", "minutes"), [(1, 60, 1), (6, 72, 5), (24, 24, 60), (72, 72, 60), (720, 120, 360)]
)
def test_a_chart_has_points_of_equal_distance(database: str, hours: int, points: int, minutes: int) -> None:
    voe = host("voe")
    for minute in range(10, 60 * hours - minutes, 60 * hours // 7):
        put(line(voe, ago(minutes=minute), response_time_ms=200.0), line(voe, ago(minutes=minute), successful=False))
    downloads(voe, ago(minutes=15), 1)
    made = RequestLog.objects.count()
    with at(NOON):
        before = health.history("voe", hours)
        rollups.prune()
        after = health.history("voe", hours)
    assert len(before) == points
    assert {one.time - two.time for one, two in zip(before[1:], before, strict=False)} == {timedelta(minutes=minutes)}
    assert sum(one.requests for one in before) == made
    assert max(one.throughput or 0 for one in before) == 10_000_000
    assert {one.uptime_percentage for one in before if one.requests == 2} <= {50.0}
    assert before[-1].time <= NOON
    assert sum(one.requests for one in after) == made


def test_a_chart_of_nonsense_is_refused(database: str) -> None:
    host("voe")
    for hours in (0, -1, 10**9):
        with pytest.raises(Invalid):
            health.history("voe", hours)


def test_with_many_rows_the_answers_still_come_at_once(database: str) -> None:
    """Twenty thousand requests of three days; the bound is that of a busy machine, far above what it takes."""
    rows = [host(f"host{number}") for number in range(10)]
    now = timezone.now()
    moments = [now - timedelta(seconds=12.5 * number) for number in range(20_000)]
    put(
        *(
            line(rows[n % 10], moment, successful=n % 7 > 0, response_time_ms=n % 1000)
            for n, moment in enumerate(moments)
        )
    )
    rollups.roll_up()
    assert RequestHour.objects.count() >= 690
    began = time.monotonic()
    assert sum(record.total_requests for record in health.of_all().values()) == 20_000
    health.history("host1", 6)
    health.history("host1", 72)
    assert time.monotonic() - began < 5
