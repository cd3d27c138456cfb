"""Hours of requests: nothing is counted twice or lost, whenever the roll-up and the pruning come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aniworld.configuration import store
from providers import health, rollups
from providers.models import Provider, RequestHour, RequestLog
from tests.providers.measured import DUB, NOON, SUB, Action, ago, at, downloads, host, line, put

HOUR = timedelta(hours=1)


def hours_of(row: Provider) -> list[dict[str, Any]]:
    names = ("hour", "language", *rollups.FIGURES, "response_ms_p95")
    return list(RequestHour.objects.filter(provider=row).order_by("hour", "language").values(*names))


def total(name: str = "voe") -> int:
    return health.of(name).total_requests


def test_an_hour_is_rolled_up_when_it_is_over(database: str) -> None:
    voe = host("voe")
    put(*(line(voe, ago(minutes=90), response_time_ms=float(ms)) for ms in range(1, 101)))
    downloads(voe, ago(minutes=80), 3, 1)
    put(line(voe, ago(minutes=5)), line(voe, ago(minutes=70), action=Action.CHECK))
    with at(NOON):
        assert rollups.roll_up() == "1 hours rolled up"
    with at(NOON + timedelta(minutes=3)):
        assert rollups.roll_up() == "2 hours rolled up"
    plain, dub, last = hours_of(voe)
    assert (plain["hour"], plain["requests"], plain["successful"]) == (ago(hours=2), 100, 100)
    assert (plain["response_ms_total"], plain["response_ms_p95"], plain["downloads"]) == (5050.0, 95.0, 0)
    assert (dub["language"], dub["downloads"], dub["successful_downloads"]) == (DUB, 4, 3)
    assert (dub["download_bytes"], dub["download_seconds"], dub["lost_seconds"]) == (300_000_000, 30.0, 5.0)
    assert (dub["bytes"], dub["response_ms_total"], dub["response_ms_p95"]) == (300_001_000, 0.0, None)
    assert (last["hour"], last["requests"]) == (ago(hours=1), 1)


def test_twice_late_and_after_latecomers_the_hours_are_the_same(database: str) -> None:
    voe = host("voe")
    for hour in (1, 3, 30):
        put(*(line(voe, ago(hours=hour, minutes=-10)) for _ in range(hour)))
    with at(NOON + timedelta(minutes=5)):
        assert total() == 34
        rollups.roll_up()
        once = hours_of(voe)
        rollups.roll_up()
        assert hours_of(voe) == once
        assert total() == 34
        put(line(voe, ago(minutes=1)), line(voe, ago(hours=2)))
        rollups.roll_up()
        assert total() == 36
        assert sum(hour["requests"] for hour in hours_of(voe)) == 36


def test_totals_survive_the_pruning_of_requests_and_of_hours(database: str) -> None:
    voe, vidoza = host("voe"), host("vidoza")
    store.change({"providers": {"history_days": 10}})
    for day in range(30):
        put(*(line(voe, ago(days=day, minutes=5), response_time_ms=day + 1.0) for _ in range(3)))
        downloads(voe, ago(days=day, minutes=4), 1, 1)
    put(line(vidoza, ago(days=20), successful=False, error_message="gone"))
    with at(NOON):
        before = health.of_all()
    for days in (0, 1, 3, 30):
        with at(NOON + timedelta(days=days)):
            rollups.prune()
            after = health.of_all()["voe"]
            assert after.total_requests == 150
            assert after.success_rate == 80
            assert after.average_response_time_ms == before["voe"].average_response_time_ms
            assert after.total_bytes_downloaded == before["voe"].total_bytes_downloaded
            assert after.throughput == {DUB: 10_000_000}
            assert after.p95_response_time_ms == pytest.approx(15.5)
    assert not RequestLog.objects.exists()
    assert {row["hour"] for row in hours_of(voe)} == {RequestHour.BEFORE}
    assert total("vidoza") == 1


def test_requests_that_no_hour_holds_yet_are_not_pruned_uncounted(database: str) -> None:
    voe = host("voe")
    put(*(line(voe, ago(days=5, minutes=minute)) for minute in range(100)))
    with at(NOON):
        rollups.prune()
        assert RequestLog.objects.count() < 100
        assert total() == 100
        rollups.roll_up()
        rollups.prune()
        assert total() == 100


def test_the_newest_success_and_failure_stay_as_long_as_the_history(database: str) -> None:
    voe = host("voe")
    put(
        line(voe, ago(days=9)),
        line(voe, ago(days=8), successful=False, error_message="refused"),
        line(voe, ago(days=7)),
    )
    put(line(voe, ago(days=6)))
    with at(NOON):
        rollups.prune()
        rollups.prune()
        record = health.of("voe")
        assert (record.total_requests, record.consecutive_failures, record.last_error) == (4, 0, "refused")
        assert record.last_error_time == ago(days=8)


def test_resetting_one_provider_takes_nothing_from_another(database: str) -> None:
    """Without the hours of the busy one, the other's newest hour is older than its requests are kept."""
    voe, vidoza = host("voe"), host("vidoza")
    put(*(line(vidoza, ago(days=4, minutes=minute)) for minute in range(20)))
    for hour in range(1, 30):
        put(line(voe, ago(hours=hour)))
    with at(NOON):
        rollups.prune()
        health.reset("voe")
        assert (total(), total("vidoza")) == (0, 20)
        rollups.prune()
        assert (total(), total("vidoza")) == (0, 20)


minutes = st.integers(0, 6 * 24 * 60)


@settings(max_examples=25)
@given(
    lines=st.lists(
        st.tuples(minutes, st.sampled_from(["voe", "vidoza"]), st.booleans(), st.sampled_from([DUB, SUB])), max_size=30
    ),
    work=st.lists(st.tuples(st.sampled_from(["roll up", "prune"]), minutes), max_size=4),
)
def test_at_any_time_everything_is_counted_once(
    db: None, lines: list[tuple[int, str, bool, str]], work: list[tuple[str, int]]
) -> None:
    """`work` happens while the requests come in: what was made before it is there, the rest follows."""
    Provider.objects.all().delete()
    rows = {name: host(name) for name in ("voe", "vidoza")}
    waiting, begin = sorted(lines), NOON - timedelta(days=7)
    for what, minute in [*sorted(work, key=lambda one: one[1]), ("roll up", 7 * 24 * 60)]:
        due = [one for one in waiting if one[0] <= minute]
        waiting = waiting[len(due) :]
        put(
            *(
                line(rows[name], begin + timedelta(minutes=then), successful=good, language=language)
                for then, name, good, language in due
            )
        )
        with at(begin + timedelta(minutes=minute)):
            rollups.roll_up() if what == "roll up" else rollups.prune()
            done = [one for one in lines if one not in waiting]
            for name, record in health.of_all().items():
                mine = [one for one in done if one[1] == name]
                assert record.total_requests == len(mine)
                assert record.successful_requests == sum(one[2] for one in mine)
