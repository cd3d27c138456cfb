"""The engine against the real demo site: each host's way. What goes wrong on it is in `test_faults`."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from django.utils import timezone

from aniworld.configuration import store
from downloads import engine, queue, tasks
from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Series
from providers import chain
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HOSTS, MP4, assert_whole
from tests.providers.measured import downloads


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


@pytest.mark.parametrize(("percent", "first"), [(13, MP4), (14, AES)])
def test_a_share_of_downloads_begins_at_a_host_of_which_little_is_known(
    percent: int,
    first: str,
    demo: Demo,
    series: Series,
    episode: Episode,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _only(MP4, AES)
    downloads(Provider.objects.get(name=MP4), timezone.now(), 20)
    # Its first number is 0.134.
    monkeypatch.setattr(chain, "CHANCE", Random(1))
    store.change({"providers": {"explore_percent": percent}})
    _first(series, episode)
    assert [attempt.provider for attempt in _run().attempts.all()] == [first]
