"""The circuit breaker: its arithmetic, and what outcomes make of a provider's row."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from aniworld.supervisor import instance
from providers import breaker, checking, monitored, registry
from providers.breaker import PERIODS, Circumstances
from providers.demo.site import Site
from providers.exceptions import (
    AddressRefused,
    Blocked,
    ConnectionFailed,
    Expired,
    NotFound,
    PageNotUnderstood,
    ProviderError,
    RateLimited,
    Resting,
    ServerFailed,
    TimedOut,
    WrongContent,
)
from providers.models import Provider, ProviderStatus
from tests.providers.rows import demo_sources, provider, rest_is_over, status

hypothesis = pytest.importorskip("hypothesis", reason="make test installs what this needs")
given, st = hypothesis.given, hypothesis.strategies

FAILURE = TimedOut("No answer.")
PROBE = Circumstances(is_probe=True)
IN_VAIN: tuple[ProviderError, ...] = (
    NotFound("Gone."), Expired("Over."), WrongContent("A page."), AddressRefused("Private."), ServerFailed("Odd.", 418),
)  # fmt: skip


def _rest(record: ProviderStatus) -> float:
    return (record.open_until - timezone.now()).total_seconds() if record.open_until else 0.0


@given(st.lists(st.booleans(), max_size=200))
def test_the_level_stays_within_the_periods_whatever_happens(outcomes: list[bool]) -> None:
    level = 0
    for is_success in outcomes:
        before, level = level, breaker.lowered(level) if is_success else breaker.raised(level)
        assert 0 <= level <= len(PERIODS)
        assert abs(level - before) <= 1
        assert breaker.rest(level) == (PERIODS[level - 1] if level else 0)
        assert breaker.excused_rest(level) <= min(60, breaker.rest(level))


@given(st.integers(0, len(PERIODS)))
def test_one_more_failure_never_means_a_shorter_rest(level: int) -> None:
    assert breaker.rest(breaker.raised(level)) >= breaker.rest(level)
    assert breaker.lowered(breaker.raised(level)) in (level, len(PERIODS) - 1)


@given(st.one_of(st.none(), st.floats(allow_nan=False)))
def test_a_pause_that_is_asked_for_is_believed_up_to_a_day(seconds: float | None) -> None:
    assert 0 <= breaker.rate_pause(seconds) <= 86400
    assert breaker.rate_pause(None) == 60


def test_each_failure_rests_longer_and_each_success_takes_one_back(providers: Site) -> None:
    record = status("voe")
    for level, seconds in enumerate((*PERIODS, PERIODS[-1]), start=1):
        is_probe = record.breaker == "open" and rest_is_over("voe").try_probe()
        record.note_request(FAILURE, Circumstances(is_probe=is_probe))
        record = status("voe")
        assert record.breaker_level == min(level, len(PERIODS))
        assert record.breaker == ("open" if seconds else "closed")
        assert seconds - 5 < _rest(record) <= seconds
    for level in range(len(PERIODS) - 1, -1, -1):
        record.note_request(None)
        record = status("voe")
        assert (record.breaker, record.breaker_level, record.open_until) == ("closed", level, None)


def test_what_a_single_link_is_to_blame_for_changes_nothing(
    providers: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    record = status("voe")
    with django_assert_num_queries(0):
        for error in IN_VAIN:
            record.note_request(error)
    assert (record.breaker, record.breaker_level) == ("closed", 0)
    rows = [ConnectionFailed("a"), TimedOut("b"), ServerFailed("c", 503), PageNotUnderstood("d")]
    for level, error in enumerate(rows, start=1):
        ProviderStatus.objects.filter(pk=record.pk).update(breaker="closed")
        status("voe").note_request(error)
        assert status("voe").breaker_level == level


def test_requests_under_way_when_it_opens_do_not_make_the_rest_longer(providers: Site) -> None:
    record = status("voe")
    for _number in range(10):
        record.note_request(FAILURE)
    assert (status("voe").breaker, status("voe").breaker_level) == ("open", 2)
    assert status("voe").consecutive_failures == 2


def test_a_probe_is_won_once_when_the_rest_is_over(providers: Site) -> None:
    record = status("voe")
    for _number in range(3):
        rest_is_over("voe")
        status("voe").note_request(FAILURE, Circumstances(is_probe=status("voe").try_probe()))
    assert not record.try_probe()
    assert status("voe").is_open
    assert rest_is_over("voe").try_probe()
    assert not record.try_probe()
    assert not record.try_probe(last_resort=True)
    assert (status("voe").breaker, status("voe").is_open) == ("half_open", True)
    status("voe").note_request(FAILURE)
    assert status("voe").breaker == "half_open", "only the one who probes tells"
    ProviderStatus.objects.filter(pk=record.pk).update(next_probe_at=timezone.now())
    assert not status("voe").is_open
    assert record.try_probe(), "who was killed while probing is given up"
    status("voe").note_request(None, PROBE)
    assert (status("voe").breaker, status("voe").breaker_level) == ("closed", 2)


def test_a_last_resort_is_let_through_now_and_then_and_does_not_make_the_rest_longer(providers: Site) -> None:
    ProviderStatus.objects.filter(provider__name="voe").update(breaker_level=4)
    status("voe").note_request(FAILURE)
    record = status("voe")
    assert not record.try_probe(last_resort=True)
    ProviderStatus.objects.filter(pk=record.pk).update(next_probe_at=timezone.now())
    assert not record.try_probe()
    assert record.try_probe(last_resort=True)
    status("voe").note_request(FAILURE, PROBE)
    after = status("voe")
    assert (after.breaker, after.breaker_level, after.open_until) == ("open", 5, record.open_until)
    assert not after.try_probe(last_resort=True)


def test_a_probe_that_meets_a_missing_link_closes_it_and_one_that_was_not_made_leaves_it(providers: Site) -> None:
    for error, expected in ((NotFound("Gone."), "closed"), (AddressRefused("Private."), "open")):
        ProviderStatus.objects.filter(provider__name="voe").update(breaker="open", breaker_level=3)
        assert rest_is_over("voe").try_probe()
        status("voe").note_request(error, PROBE)
        assert (status("voe").breaker, status("voe").breaker_level) == (expected, 3)
    assert not status("voe").is_open


def test_a_429_pauses_without_a_level_and_nobody_is_let_through(providers: Site) -> None:
    record = status("voe")
    record.note_request(RateLimited("Slow.", 300))
    assert 295 < _rest(status("voe")) <= 300
    assert (status("voe").breaker_level, status("voe").status) == (0, "unknown")
    assert not record.try_probe(last_resort=True)
    record.note_request(RateLimited("Slow.", 10))
    assert _rest(status("voe")) > 290, "a shorter wish does not shorten the longer one"
    status("voe").note_request(None)
    assert status("voe").is_open, "what was under way says nothing of the pause"
    assert rest_is_over("voe").try_probe()
    status("voe").note_request(None, PROBE)
    assert status("voe").breaker == "closed"


def test_a_page_that_answers_does_not_make_good_for_files_that_do_not_come(providers: Site) -> None:
    file = registry.host("demo-file")
    link = next(source.link for source in demo_sources() if source.host == "demo-file")
    for level in (1, 2):
        file.resolve(link)
        monitored.record_download(
            "demo-file", successful=False, seconds=1, size=0, language="", error=ServerFailed("Bad.", 502)
        )
        assert status("demo-file").breaker_level == level
    assert status("demo-file").breaker == "open"
    with pytest.raises(Resting):
        file.resolve(link)


def test_blocked_is_a_state_of_its_own_and_is_answered_without_asking_again(providers: Site) -> None:
    providers.faults.set("demo", {"fault": "challenge"})
    catalogue = registry.catalogue("demo")
    for level in (1, 2):
        with pytest.raises(Blocked):
            catalogue.newest()
        assert (status("demo").status, status("demo").breaker_level) == ("blocked", level)
    providers.server.forget_requests()
    with pytest.raises(Blocked):
        catalogue.newest()
    assert providers.requests() == []
    assert status("demo").consecutive_failures == 2


def test_right_after_the_start_nothing_escalates(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, instance.STARTED, f"{time.monotonic() - 2:.3f}")
    providers.faults.set("demo", {"fault": 500})
    for _number in range(4):
        with pytest.raises(ServerFailed):
            registry.catalogue("demo").newest()
    assert (status("demo").breaker, status("demo").breaker_level, status("demo").status) == ("closed", 0, "down")
    monkeypatch.setitem(os.environ, instance.STARTED, f"{time.monotonic() - 600:.3f}")
    with pytest.raises(ServerFailed):
        registry.catalogue("demo").newest()
    assert status("demo").breaker_level == 1


def test_when_nobody_can_be_reached_nobody_is_to_blame(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checking.check("demo").status == "active"
    # A port that nobody listens on: to the demo's providers that is what a line that is cut is to the others.
    monkeypatch.setitem(os.environ, "DEMO_SITE_PORT", "1")
    names = ["demo", "demo-file", "demo-hls", "demo-aes"]
    for _round in range(5):
        for name in names:
            checking.check(name)
    records = [status(name) for name in names]
    assert [record.status for record in records] == ["active", "unknown", "unknown", "unknown"]
    assert all(record.breaker == "closed" and record.breaker_level <= 1 for record in records)
    assert "No connection" in records[-1].error_message
    monkeypatch.undo()


def test_reset_and_how_it_is_checked(providers: Site) -> None:
    for _number in range(4):
        checking_failed = status("voe")
        checking_failed.record_check(FAILURE, 10)
    assert (status("voe").status, status("voe").is_open) == ("down", True)
    assert not Provider.known()["voe"].is_usable
    status("voe").reset()
    record = status("voe")
    assert (record.status, record.breaker, record.breaker_level, record.error_message) == ("unknown", "closed", 0, "")
    assert (record.total_checks, record.consecutive_failures, record.last_check) == (0, 0, None)
    assert provider("voe").is_usable


def test_a_failing_provider_comes_back_by_its_probe_alone(providers: Site) -> None:
    providers.faults.set("demo", {"fault": 500})
    for _number in range(2):
        with pytest.raises(ServerFailed):
            registry.catalogue("demo").newest()
    with pytest.raises(Resting):
        registry.catalogue("demo").newest()
    providers.faults.clear()
    ProviderStatus.objects.filter(provider__name="demo").update(open_until=timezone.now() - timedelta(seconds=1))
    Provider.forget()
    assert registry.catalogue("demo").newest()
    record = status("demo")
    assert (record.breaker, record.breaker_level, record.status) == ("closed", 1, "active")
