"""Each request through a provider is measured, and says what it means for the provider's state."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.utils import timezone
from django.utils.module_loading import import_string

from aniworld import schedules
from aniworld.configuration import store
from providers import checking, health, monitored, recording, registry
from providers.contracts import Language
from providers.demo.site import Site
from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    NotFound,
    PageNotUnderstood,
    RateLimited,
    Resting,
    ServerFailed,
)
from providers.models import Provider, RequestLog, request_log
from tests.providers.rows import provider, requests_of, status


def test_each_request_is_measured(providers: Site) -> None:
    catalogue = registry.catalogue("demo")
    details = catalogue.details(catalogue.search("leuchtturm")[0].link)
    episode = catalogue.episodes(details.seasons[1])[0]
    assert episode.hosts == ("demo-file", "demo-hls", "demo-aes")
    sources = catalogue.sources(episode.link).sources
    assert {source.host for source in sources} == {"demo-file", "demo-hls", "demo-aes"}
    assert catalogue.is_language(episode.link, Language.GERMAN_DUB)
    assert catalogue.newest()
    for source in sources[:3]:
        assert registry.host(source.host).resolve(source.link, source.language).host == source.host
    lines = requests_of("demo")
    assert [line.action for line in lines] == ["search", "details", "episodes", "sources", "sources", "newest"]
    assert all(line.successful and line.bytes > 0 and line.response_time_ms > 0 for line in lines)
    assert lines[4].language == "German Dub"
    assert [line.action for line in requests_of("demo-hls")] == ["resolve"]
    assert status("demo").status == "active"


def test_failures_are_measured_and_passed_on(providers: Site) -> None:
    providers.faults.set("demo", {"fault": "503", "stage": "page"})
    with pytest.raises(ServerFailed):
        registry.catalogue("demo").details("silberfaden")
    line = requests_of("demo")[0]
    assert (line.successful, line.error_code, line.action) == (False, "server_failed", "details")
    assert "silberfaden" in line.error_message


def test_a_mistyped_title_is_no_failure_of_the_catalogue(providers: Site) -> None:
    with pytest.raises(NotFound):
        registry.catalogue("demo").details("nothing")
    assert (requests_of("demo")[0].successful, requests_of("demo")[0].action) == (True, "details")
    assert health.of("demo").success_rate == 100.0


def test_an_adapter_s_own_bug_is_an_error_of_ours(
    providers: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    host = registry.host("voe")

    def broken(link: str) -> Any:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(host.provider, "resolve", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(PageNotUnderstood, match="ZeroDivisionError"):
        host.resolve("http://x/")
    assert requests_of("voe")[0].error_code == "page_not_understood"


def test_a_database_that_fails_does_not_fail_the_request(
    providers: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("locked")

    with monkeypatch.context() as patched:
        patched.setattr(recording, "_insert", busy)
        assert registry.catalogue("demo").search("con")
        assert requests_of("demo") == []
        assert "could not be recorded" in caplog.text
    assert [line.action for line in requests_of("demo")] == ["search"]


def test_downloads_are_recorded(providers: Site) -> None:
    for successful, error in ((True, None), (False, ConnectionFailed("broke off")), (False, None)):
        monitored.record_download(
            "demo-file", successful=successful, seconds=2.5, size=1000, language="German Dub", error=error
        )
    monitored.record_download("unknown", successful=True, seconds=1, size=1, language="")
    lines = requests_of("demo-file")
    assert [(line.successful, line.error_code) for line in lines] == [
        (True, ""),
        (False, "connection_failed"),
        (False, "provider_error"),
    ]
    assert (lines[0].action, lines[0].bytes, lines[0].response_time_ms) == ("download", 1000, 2500)


def test_a_challenge_blocks_and_an_answer_lifts_it(providers: Site) -> None:
    providers.faults.set("demo", {"fault": "challenge", "times": 1})
    with pytest.raises(Blocked):
        registry.catalogue("demo").newest()
    assert status("demo").status == "blocked"
    registry.catalogue("demo").newest()
    assert (status("demo").status, status("demo").error_message) == ("active", "")


def test_a_rate_limit_opens_the_breaker_for_its_time(providers: Site) -> None:
    providers.faults.set("demo", {"fault": "429", "retry_after": 120, "times": 1})
    with pytest.raises(RateLimited):
        registry.catalogue("demo").newest()
    record = status("demo")
    assert record.is_open
    assert record.open_until
    assert 110 < (record.open_until - timezone.now()).total_seconds() <= 120
    assert record.breaker_level == 0
    assert not Provider.known()["demo"].is_usable
    providers.server.forget_requests()
    with pytest.raises(Resting) as refused:
        registry.catalogue("demo").newest()
    assert refused.value.retry_after
    assert 110 < refused.value.retry_after <= 120
    assert providers.requests() == []
    assert len(requests_of("demo")) == 1


def test_checks(providers: Site) -> None:
    assert checking.check("demo").status == "active"
    providers.faults.set("demo", {"fault": 500})
    seen = [checking.check("demo").status for _ in range(4)]
    assert seen == ["active", "active", "down", "down"]
    record = status("demo")
    assert (record.total_checks, record.successful_checks, record.consecutive_failures) == (5, 1, 4)
    assert record.uptime_of_checks == 20
    assert "500" in record.error_message
    providers.faults.set("demo", {"fault": "login"})
    assert checking.check("demo").status == "blocked"
    providers.faults.clear()
    record = checking.check("demo")
    assert (record.status, record.consecutive_failures, record.error_message) == ("active", 0, "")
    assert record.response_time is not None
    assert {line.action for line in requests_of("demo")} == {"check"}


def test_what_has_no_address_is_not_said_to_be_up(providers: Site) -> None:
    record = checking.check("voe")
    assert (record.status, record.total_checks) == ("unknown", 0)
    assert "no address" in record.error_message
    assert requests_of("voe") == []


def test_requests_per_minute(providers: Site) -> None:
    row = provider("demo")
    row.requests_per_minute, row.timeout_seconds = 20, 1
    row.save()
    catalogue = registry.catalogue("demo")
    catalogue.newest()
    catalogue.newest()
    providers.server.forget_requests()
    with pytest.raises(RateLimited) as caught:
        catalogue.newest()
    assert caught.value.retry_after
    assert 1 < caught.value.retry_after <= 60
    assert providers.requests() == []
    assert status("demo").breaker == "closed"


@pytest.mark.django_db(transaction=True)
def test_threads_share_a_provider(providers: Site) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                registry.catalogue("demo").search("silber")
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(requests_of("demo")) == 30


def test_requests_are_kept_for_as_many_days_as_configured(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store.change({"providers": {"history_days": 3}})
    monkeypatch.setattr(request_log, "_PIECE", 2)
    for _number in range(7):
        monitored.record_download("voe", successful=True, seconds=1, size=5, language="", error=None)
    ids = [line.pk for line in requests_of("voe")]
    RequestLog.objects.filter(pk__in=ids[:5]).update(created_at=timezone.now() - timedelta(days=3, hours=1))
    RequestLog.objects.filter(pk=ids[5]).update(created_at=timezone.now() - timedelta(minutes=5))
    regular = {task.function: task.minutes for task in schedules.REGULAR}
    assert regular["providers.tasks.prune"] == 24 * 60
    assert import_string("providers.tasks.prune")().startswith("5 requests ")
    assert [line.pk for line in requests_of("voe")] == ids[5:]
    assert import_string("providers.tasks.prune")().startswith("0 requests ")
