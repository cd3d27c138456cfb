"""Every fault of the demo site at every step: the episode arrives all the same, and nobody is asked more than set."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aniworld.configuration import store
from downloads import engine, queue, tasks
from downloads.models import Attempt, QueueItem
from library.models import Episode, Series
from providers import registry
from providers.demo.fault_kinds import KINDS
from providers.models import Provider, ProviderStatus
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HLS, MP4, assert_whole
from tests.downloads.fault_ends import ENDS, Strike, strikes

# Seconds, and how often a page is asked for.
TIMEOUT, STALL, RETRIES = 3, 5, 2
CONNECTIONS = 4
# Requests for the same address: of a page the retries; of a piece of a stream its own tries; a playlist is asked for by
# the resolver as well, and a file by that and by all connections.
SAME = {"redirect": RETRIES, "embed": RETRIES, "playlist": 1 + RETRIES, "segment": 3, "key": 3}
SAME["media"] = 1 + CONNECTIONS + 3
# How often a link is resolved while what comes of it brings nothing, and the pages that this takes at most.
RESOLVES, HOPS = 4, 2
MOST_MEMORY = 50 * 1024 * 1024
NAMES = {MP4: "Demo File", HLS: "Demo HLS", AES: "Demo AES"}
PLACES = {"redirect": MP4, "embed": MP4, "media": MP4, "playlist": HLS, "segment": HLS, "key": AES}

_OF_HOSTS = [
    pytest.param(one, id=str(one), marks=[pytest.mark.soak] if one.is_long else [])
    for one in strikes()
    if one.stage != "page"
]
_OF_THE_CATALOGUE = [
    pytest.param(one, id=str(one), marks=[pytest.mark.soak] if one.is_long else [])
    for one in strikes()
    if one.stage == "page"
]


@pytest.fixture(autouse=True)
def _rules(demo: Demo) -> None:
    # The first request would wait for them longer than a host's time-out.
    assert demo.site.server.clips.wait(60)
    store.change(
        {
            "downloads": {"stall_seconds": STALL, "connections_per_download": CONNECTIONS},
            "providers": {"timeout_seconds": TIMEOUT, "max_retries": RETRIES, "retry_delay": 0},
        }
    )


def _in_front(host: str) -> None:
    row = Provider.objects.get(name=host)
    row.priority = 1
    row.save()


def _queued(series: Series, episode: Episode) -> QueueItem:
    [pk] = queue.enqueue(series, [episode]).added
    return QueueItem.objects.get(pk=pk)


def _run() -> QueueItem:
    item = tasks.claim()
    assert item
    engine.run(item)
    return QueueItem.objects.get(pk=item.pk)


def _strike(demo: Demo, strike: Strike, episode: Episode) -> None:
    """The fault is in force at whoever serves that stage of the host in front."""
    at, match = PLACES.get(strike.stage, "demo"), ""
    if strike.stage == "page":
        match = urlsplit(episode.link).path
    elif strike.stage == "redirect":
        at, sources = "demo", registry.catalogue("demo").sources(episode.link).sources
        match = next(urlsplit(source.link).path for source in sources if source.host == PLACES["redirect"])
    demo.site.server.forget_requests()
    demo.fault(at, strike.kind, stage=strike.stage, match=match, **strike.values)


def _memory() -> int:
    """The most memory that this process has had since it was last asked, in bytes; the demo site's is in it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    most = int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return most


def _assert_within_limits(demo: Demo, strike: Strike, attempt: Attempt) -> None:
    assert attempt.ended_at
    seconds = (attempt.ended_at - attempt.started_at).total_seconds()
    assert seconds <= 2 * (STALL if strike.is_stall else TIMEOUT)
    struck = [line for line in demo.requests(strike.stage) if line.get("fault") == strike.kind]
    assert struck
    counts = Counter(line["path"] for line in struck)
    assert max(counts.values()) <= SAME[strike.stage], counts
    resolved = [line for line in demo.requests("embed") if line["host"] == PLACES[strike.stage]]
    assert len(resolved) <= RESOLVES * HOPS
    if "completed" not in strike.ends:
        assert not [line for line in struck if line["time"] > attempt.ended_at.timestamp() + 0.2]


@pytest.mark.parametrize("strike", _OF_HOSTS)
def test_the_episode_arrives_through_another_host(
    strike: Strike, demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    host = PLACES[strike.stage]
    _in_front(host)
    _queued(series, episode)
    _strike(demo, strike, episode)
    _memory()
    before = _memory()
    item = _run()
    assert _memory() - before <= MOST_MEMORY
    attempts = list(item.attempts.order_by("id"))
    assert item.status == item.Status.COMPLETED, [(one.provider, one.outcome, one.error) for one in attempts]
    first = attempts[0]
    assert first.provider == host
    assert first.outcome in strike.ends, first.error
    _assert_within_limits(demo, strike, first)
    assert attempts[-1].outcome == "completed"
    if first.outcome != "completed":
        assert first.error
        assert first.next_step == f"Tries {NAMES[attempts[1].provider]} next."
        assert attempts[-1].provider != host
    if first.outcome in ("stalled", "slow"):
        record = ProviderStatus.objects.get(provider__name=host)
        assert (record.breaker_level, record.error_message) == (1, first.error)
    assert_whole(library / item.file_destination)
    assert not list(library.rglob(".*"))


@pytest.mark.parametrize("strike", _OF_THE_CATALOGUE)
def test_a_catalogue_that_fails_is_waited_for_and_costs_no_source_a_try(
    strike: Strike, demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    _queued(series, episode)
    _strike(demo, strike, episode)
    item = _run()
    assert item.error_message.startswith("Demo: ")
    assert {"waits": ("pending", "", 0), "round": ("pending", "", 1), "parked": ("paused", "blocked", 0)}[
        strike.ends[0]
    ] == (item.status, item.pause_reason, item.rounds)
    assert not item.attempts.exists()
    counts = Counter(line["path"] for line in demo.requests("page") if line.get("fault"))
    assert 1 <= max(counts.values()) <= RETRIES
    assert {line["host"] for line in demo.requests()} == {"demo"}
    demo.well()
    ProviderStatus.objects.get(provider__name="demo").reset()
    if item.status == item.Status.PAUSED:
        item.resume()
    QueueItem.objects.update(next_attempt_at=None)
    item = _run()
    assert item.status == item.Status.COMPLETED, item.error_message
    assert_whole(library / item.file_destination)


def test_no_fault_is_without_its_expected_end() -> None:
    assert set(ENDS) == set(KINDS)
    assert len(KINDS) >= 30
    known = set(Attempt.Outcome.values)
    for strike in strikes():
        assert set(strike.ends) <= ({"waits", "round", "parked"} if strike.stage == "page" else known), strike
    assert {one.kind for one in strikes() if not one.is_long} == set(KINDS)


@pytest.mark.parametrize("stage", PLACES)
def test_a_host_that_failed_twice_is_asked_nothing_while_it_rests(
    stage: str, demo: Demo, series: Series, episode: Episode
) -> None:
    host = PLACES[stage]
    _in_front(host)
    wanted = list(series.episodes.filter(season=1).order_by("number")[:3])
    asked: list[int] = []
    for one in wanted:
        _queued(series, one)
        _strike(demo, Strike("500", stage, ("failed",), is_long=False), one)
        assert _run().status == "completed"
        asked.append(sum(line["host"] == host or line.get("fault") == "500" for line in demo.requests()))
    record = ProviderStatus.objects.get(provider__name=host)
    assert (record.breaker, record.breaker_level) == ("open", 2)
    assert asked[0]
    assert asked[1]
    assert asked[2] == 0


def test_a_rate_limit_is_kept_at_once(demo: Demo, series: Series, episode: Episode) -> None:
    _in_front(MP4)
    first, second = series.episodes.filter(season=1).order_by("number")[:2]
    demo.fault(MP4, "429", stage="embed", retry_after="300")
    _queued(series, first)
    assert _run().status == "completed"
    assert len([line for line in demo.requests("embed") if line["host"] == MP4]) == 1
    _queued(series, second)
    assert _run().status == "completed"
    assert len([line for line in demo.requests("embed") if line["host"] == MP4]) == 1


def test_tries_again_count_for_the_requests_per_minute(demo: Demo, series: Series, episode: Episode) -> None:
    row = Provider.objects.get(name=MP4)
    row.priority, row.max_retries, row.requests_per_minute = 1, 100, 2
    row.save()
    demo.fault(MP4, "500", stage="embed")
    _queued(series, episode)
    item = _run()
    assert item.status == "completed", item.error_message
    assert len([line for line in demo.requests("embed") if line["host"] == MP4]) <= 2
    assert item.attempts.earliest("id").provider == MP4
    assert item.attempts.latest("id").provider != MP4
