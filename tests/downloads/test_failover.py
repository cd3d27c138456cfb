"""Which source is tried when, which one counts as tried, and what an item says when all have failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aniworld.alerts.models import Alert
from aniworld.configuration import store
from downloads import engine, queue, tasks
from downloads.fetchers import FETCHERS
from downloads.fetchers.base import Fetched, Job
from downloads.models import Attempt, QueueItem
from library.models import Episode, Series
from providers.contracts import StreamKind
from providers.models import Provider, ProviderStatus
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HLS, HOSTS, MP4


@pytest.fixture
def item(demo: Demo, series: Series, episode: Episode) -> QueueItem:
    """Queued; each source may be tried twice, and each request is made once."""
    store.change({"downloads": {"max_retries": 2}, "providers": {"max_retries": 1, "retry_delay": 0}})
    [pk] = queue.enqueue(series, [episode], language="German Dub").added
    return QueueItem.objects.get(pk=pk)


def _round(pk: int) -> QueueItem:
    """The next round, whenever it would be due, with no host resting."""
    QueueItem.objects.filter(pk=pk, status="pending").update(next_attempt_at=None)
    for record in ProviderStatus.objects.filter(breaker_level__gt=0):
        record.reset()
    claimed = tasks.claim()
    assert claimed
    engine.run(claimed)
    return QueueItem.objects.get(pk=pk)


NAMES = {MP4: "Demo File", HLS: "Demo HLS", AES: "Demo AES"}
WORDS = ("its server fails", "not found", "its server fails")


def _tried(item: QueueItem) -> dict[str, int]:
    hosts = list(item.attempts.values_list("provider", flat=True))
    return {host: hosts.count(host) for host in set(hosts)}


def test_it_fails_when_every_source_had_all_its_tries_and_says_why(demo: Demo, item: QueueItem) -> None:
    for host, kind in ((MP4, "500"), (HLS, "404"), (AES, "500")):
        demo.fault(host, kind, stage="embed")
    row = _round(item.pk)
    assert (row.status, row.rounds) == ("pending", 1)
    row = _round(item.pk)
    assert (row.status, row.rounds) == ("failed", 2)
    assert _tried(row) == dict.fromkeys(HOSTS, 2)
    told = "; ".join(f"{NAMES[host]} \N{EN DASH} {words}" for host, words in zip(HOSTS, WORDS, strict=True))
    assert row.error_message == f"No host works: {told} (each tried 2 times)"
    assert "127.0.0.1" in row.attempts.order_by("id")[0].error
    steps = list(row.attempts.order_by("id").values_list("next_step", flat=True))
    following = [f"Tries {NAMES[host]} next." for host in HOSTS[1:]]
    assert [*steps[:2], *steps[3:5]] == [*following, *following]
    assert steps[2] == "Goes on in 1 second."
    assert "until somebody retries" in steps[5]
    assert Alert.objects.filter(kind="download_failed").count() == 1


def test_an_error_of_our_own_at_one_source_keeps_no_other_from_being_tried(
    demo: Demo, item: QueueItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_job: Job) -> Fetched:
        raise RecursionError("something nobody thought of")

    monkeypatch.setitem(FETCHERS, StreamKind.FILE, broken)
    row = _round(item.pk)
    assert row.status == "completed", row.error_message
    first, *_others, last = row.attempts.order_by("id")
    assert (first.provider, first.outcome, last.outcome) == (MP4, "failed", "completed")
    assert "RecursionError" in first.error


def test_a_retry_begins_anew(demo: Demo, item: QueueItem) -> None:
    for host in HOSTS:
        demo.fault(host, "500", stage="embed")
    _round(item.pk)
    assert _round(item.pk).status == "failed"
    queue.retry([item.pk])
    row = _round(item.pk)
    assert (row.status, row.rounds) == ("pending", 1)
    assert _tried(row) == dict.fromkeys(HOSTS, 3)
    demo.well()
    assert _round(item.pk).status == "completed"


def test_a_rate_limit_is_no_try_and_its_time_is_waited_for(demo: Demo, item: QueueItem) -> None:
    demo.fault(MP4, "429", stage="embed", retry_after="300")
    for host in (HLS, AES):
        demo.fault(host, "500", stage="embed")
    _round(item.pk)
    row = _round(item.pk)
    assert row.status == "pending"
    assert {row.attempts.filter(provider=host, outcome="failed").count() for host in (HLS, AES)} == {2}
    assert row.next_attempt_at
    assert row.next_attempt_at > timezone.now() + timedelta(seconds=200)
    asked = len(demo.requests("embed"))
    # Nothing but the one that was not tried is left, and it still rests.
    QueueItem.objects.update(next_attempt_at=None)
    claimed = tasks.claim()
    assert claimed
    engine.run(claimed)
    assert QueueItem.objects.get(pk=item.pk).status == "pending"
    assert len(demo.requests("embed")) <= asked + 1
    demo.well()
    ProviderStatus.objects.get(provider__name=MP4).reset()
    assert _round(item.pk).status == "completed"


def test_only_what_is_blocked_everywhere_is_parked(demo: Demo, item: QueueItem) -> None:
    for host in (MP4, HLS):
        demo.fault(host, "challenge", stage="embed")
    demo.fault(AES, "500", stage="embed")
    row = _round(item.pk)
    assert (row.status, row.pause_reason) == ("pending", "")
    demo.fault(AES, "login", stage="embed")
    for _time in range(3):
        row = _round(item.pk)
        if row.status == "failed":
            break
        assert (row.status, row.pause_reason) == ("paused", "blocked")
        assert "Every source is blocked" in row.attempts.latest("id").next_step
        row.resume()


def test_blocked_everywhere_never_fails(demo: Demo, item: QueueItem) -> None:
    for host in HOSTS:
        demo.fault(host, "challenge", stage="embed")
    for time in range(1, 5):
        row = _round(item.pk)
        assert (row.status, row.pause_reason) == ("paused", "blocked")
        assert _tried(row) == dict.fromkeys(HOSTS, time)
        row.resume()
    demo.well()
    assert _round(item.pk).status == "completed"


def test_an_address_that_ran_out_is_resolved_again_before_another_host_is_tried(demo: Demo, item: QueueItem) -> None:
    demo.fault(MP4, "expire", after_requests=0, times=1)
    row = _round(item.pk)
    assert row.status == "completed", row.error_message
    assert [attempt.provider for attempt in row.attempts.all()] == [MP4]
    assert len(demo.requests("embed")) >= 2


def test_while_every_host_rests_not_even_the_catalogue_is_asked(demo: Demo, item: QueueItem) -> None:
    until = timezone.now() + timedelta(minutes=10)
    values: dict[str, Any] = {"breaker": "open", "breaker_level": 3, "open_until": until, "next_probe_at": until}
    ProviderStatus.objects.filter(provider__kind="host").update(**values)
    Provider.forget()
    demo.site.server.forget_requests()
    claimed = tasks.claim()
    assert claimed
    engine.run(claimed)
    row = QueueItem.objects.get(pk=item.pk)
    assert (row.status, row.rounds, row.error_message) == ("pending", 0, "Every host rests after failures.")
    assert row.next_attempt_at
    assert row.next_attempt_at > timezone.now() + timedelta(minutes=9)
    assert demo.requests() == []
    assert not Attempt.objects.filter(item=row).exists()
