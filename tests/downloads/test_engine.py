"""The engine against the real demo site: each host's way, and each fault's end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from downloads import engine, queue, tasks
from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Series
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HLS, HOSTS, MP4, assert_whole

pytestmark = pytest.mark.xdist_group("engine")


def _only(*hosts: str) -> None:
    for name in HOSTS:
        row = Provider.objects.get(name=name)
        (row.enable if name in hosts else row.disable)()


def _first(series: Series, episode: Episode) -> QueueItem:
    [pk] = queue.enqueue(series, [episode]).added
    return QueueItem.objects.get(pk=pk)


def _run() -> QueueItem:
    item = tasks.claim()
    assert item
    engine.run(item)
    return QueueItem.objects.get(pk=item.pk)


@pytest.mark.parametrize("host", HOSTS)
def test_each_kind_of_host_arrives(host: str, demo: Demo, series: Series, episode: Episode, library: Path) -> None:
    _only(host)
    _first(series, episode)
    item = _run()
    assert item.status == item.Status.COMPLETED, item.error_message
    file = EpisodeFile.objects.get(episode=episode)
    assert file.path == item.file_destination
    assert_whole(library / file.path)
    assert [attempt.outcome for attempt in item.attempts.all()] == ["completed"]


def _in_front(host: str) -> None:
    row = Provider.objects.get(name=host)
    row.priority, row.timeout_seconds, row.max_retries = 1, 3, 1
    row.save()


# What strikes, at which host, and how the attempt at it may be recorded.
FAULTS: list[tuple[str, str, dict[str, Any], set[str]]] = [
    *[(MP4, kind, {"stage": "media"}, {"failed"}) for kind in ("refuse", "500", "503")],
    *[(MP4, kind, {"stage": "media"}, {"expired", "blocked", "failed"}) for kind in ("403", "404", "410")],
    *[(MP4, kind, {"stage": "embed"}, {"failed", "blocked"}) for kind in ("refuse", "timeout", "403", "404", "500")],
    *[(MP4, kind, {"stage": "embed"}, {"blocked"}) for kind in ("challenge", "login")],
    (MP4, "timeout", {"stage": "media"}, {"failed", "stalled"}),
    (MP4, "429", {"stage": "media", "retry_after": "30"}, {"rate_limited"}),
    (MP4, "429", {"stage": "embed", "retry_after": "30"}, {"rate_limited"}),
    (MP4, "challenge", {"stage": "media"}, {"expired", "blocked", "failed", "wrong_content"}),
    (MP4, "redirect_loop", {"stage": "media"}, {"failed", "wrong_content"}),
    (MP4, "redirect_private", {"stage": "media"}, {"failed"}),
    (MP4, "huge_header", {"stage": "media"}, {"failed", "wrong_content"}),
    (MP4, "empty", {"stage": "embed"}, {"failed"}),
    (MP4, "empty", {"stage": "media"}, {"failed", "wrong_content", "truth_failed"}),
    (MP4, "stall", {"after_bytes": 1000}, {"stalled", "slow"}),
    (MP4, "speed", {"speed": 5_000}, {"slow"}),
    (MP4, "cut", {"after_bytes": 1000}, {"failed"}),
    (MP4, "wrong_length", {}, {"failed", "wrong_content"}),
    (MP4, "html", {}, {"wrong_content", "failed"}),
    (MP4, "html_as_video", {}, {"wrong_content", "failed"}),
    (MP4, "corrupt", {}, {"truth_failed"}),
    (MP4, "truncated", {}, {"truth_failed"}),
    (MP4, "encoded", {}, {"wrong_content"}),
    (MP4, "expire", {"after_requests": 0}, {"expired"}),
    (HLS, "bad_playlist", {}, {"wrong_content"}),
    (HLS, "playlist_without_end", {}, {"wrong_content"}),
    (HLS, "oversize_playlist", {}, {"wrong_content"}),
    (HLS, "playlist_loop", {}, {"wrong_content"}),
    (HLS, "playlist_foreign", {}, {"failed"}),
    (HLS, "missing_segment", {"match": "-3"}, {"expired", "failed"}),
    (HLS, "stall", {"after_bytes": 1000}, {"stalled", "failed"}),
    (HLS, "cut", {"after_bytes": 1000}, {"failed"}),
    (HLS, "corrupt", {}, {"wrong_content", "truth_failed"}),
    (HLS, "truncated", {}, {"wrong_content", "truth_failed"}),
    (HLS, "html", {}, {"wrong_content", "failed"}),
    (AES, "wrong_key", {}, {"wrong_content", "truth_failed"}),
    (AES, "oversize_key", {}, {"wrong_content"}),
    (AES, "403", {"stage": "key"}, {"expired", "blocked"}),
]


@pytest.mark.parametrize(
    ("host", "kind", "values", "outcomes"),
    FAULTS,
    ids=[f"{host}-{kind}-{values.get('stage', '')}" for host, kind, values, _outcomes in FAULTS],
)
def test_the_next_host_takes_over(
    host: str,
    kind: str,
    values: dict[str, Any],
    outcomes: set[str],
    demo: Demo,
    series: Series,
    episode: Episode,
    library: Path,
) -> None:
    _in_front(host)
    _first(series, episode)
    demo.fault(host, kind, **values)
    item = _run()
    attempts = list(item.attempts.order_by("id"))
    assert item.status == item.Status.COMPLETED, [(one.provider, one.outcome, one.error) for one in attempts]
    assert (attempts[0].provider, attempts[-1].outcome) == (host, "completed")
    assert attempts[0].outcome in outcomes, attempts[0].error
    assert attempts[0].error
    assert attempts[1].provider in attempts[0].next_step
    assert_whole(library / item.file_destination)
    assert not list(library.rglob(".*"))
