"""The engine against the real demo site: each host's way. What goes wrong on it is in `test_faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

from downloads import engine, queue, tasks
from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Series
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import HOSTS, assert_whole


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
