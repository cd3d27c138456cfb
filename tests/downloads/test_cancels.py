"""A cancel ends the work within two seconds, whatever the work waits for at that moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from downloads import engine, queue
from downloads.fetchers import fetch
from downloads.interruptions import LeaseLost
from downloads.models import QueueItem
from library.models import Episode, Series
from providers.contracts import StreamKind
from providers.demo.clips import Clips
from tests.downloads.conftest import Demo
from tests.downloads.driving import HOSTS
from tests.downloads.hosting import Hosting, Resource, job
from tests.downloads.streams import joiners, plain_stream, playlist
from tests.running import eventually

# Seconds: what is promised. No host here says anything for ten times as long.
PROMISED, SILENCE = 2.0, 60
MIB = 1024 * 1024


@contextmanager
def _cancelling(item: QueueItem, when: Callable[[], object]) -> Iterator[None]:
    """Cancels the item once `when` says so; the work inside ends within the time that is promised."""
    cancelled: list[float] = []

    def cancel() -> None:
        try:
            eventually(when, 20, "the moment for the cancel")
            cancelled.append(time.monotonic())
            queue.cancel([item.pk])
        finally:
            connection.close()

    user = threading.Thread(target=cancel)
    user.start()
    try:
        yield
    finally:
        ended = time.monotonic()
        user.join()
    assert ended - cancelled[0] < PROMISED


def _ends(host: Hosting, kind: StreamKind, folder: Path, when: Callable[[], object]) -> None:
    name = "list.m3u8" if kind == StreamKind.HLS else "film.mp4"
    with job(f"{host.address}/{name}", kind, folder, patience=SILENCE) as one:
        with _cancelling(one.control.item, when), pytest.raises(LeaseLost):
            fetch(one)
    assert not joiners()


def _asked(host: Hosting, word: str, times: int = 1) -> Callable[[], bool]:
    return lambda: sum(word in one.path for one in host.asked) >= times


def test_while_the_playlist_is_not_answered(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    host.resources["/list.m3u8"].mute = SILENCE
    _ends(host, StreamKind.HLS, tmp_path, _asked(host, "/list"))


def test_while_no_segment_is_answered(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    for number in range(1, 6):
        host.resources[f"/seg{number}.ts"].mute = SILENCE
    _ends(host, StreamKind.HLS, tmp_path, _asked(host, "/seg", 4))


def test_while_segments_stand_still_in_their_middle(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    for number in range(6):
        host.resources[f"/seg{number}.ts"].pause = SILENCE
    _ends(host, StreamKind.HLS, tmp_path, _asked(host, "/seg", 4))


@pytest.mark.parametrize(
    "tag", ['#EXT-X-KEY:METHOD=AES-128,URI="silent"', '#EXT-X-MAP:URI="silent"'], ids=["key", "map"]
)
def test_while_a_key_or_an_init_section_is_not_answered(host: Hosting, tmp_path: Path, tag: str) -> None:
    host.resources["/silent"] = Resource(b"k" * 16, mute=SILENCE)
    lines = [line for number in range(6) for line in ("#EXTINF:4.0,", f"{number}.ts")]
    host.resources["/list.m3u8"] = playlist(tag, *lines)
    _ends(host, StreamKind.HLS, tmp_path, _asked(host, "/silent"))


@pytest.mark.parametrize("is_last", [False, True], ids=["while-segments-come", "with-all-segments"])
def test_while_what_joins_hangs(host: Hosting, clips: Clips, tmp_path: Path, is_last: bool) -> None:
    plain_stream(host, clips)
    slow = host.resources["/seg0.ts" if is_last else "/seg5.ts"]
    slow.speed = len(slow.body) / (1 if is_last else SILENCE)
    folder = tmp_path / "segments" / "picture"
    stopped: list[int] = []

    def hangs() -> bool:
        for pid in set(joiners()) - set(stopped):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        return bool(stopped) and len(list(folder.glob("0000?-*"))) == (6 if is_last else 5)

    _ends(host, StreamKind.HLS, tmp_path, hangs)
    assert len(stopped) == 1


def test_while_a_file_is_not_answered(host: Hosting, tmp_path: Path) -> None:
    host.resources["/film.mp4"] = Resource(bytes(MIB), mute=SILENCE)
    _ends(host, StreamKind.FILE, tmp_path, _asked(host, "/film"))


def test_while_a_file_stands_still_in_its_middle(host: Hosting, tmp_path: Path) -> None:
    host.resources["/film.mp4"] = Resource(b"\1" * MIB, pause=SILENCE, etag='"1"')
    _ends(host, StreamKind.FILE, tmp_path, _asked(host, "/film"))


def test_while_further_connections_of_a_file_are_not_answered(host: Hosting, tmp_path: Path) -> None:
    film = host.resources["/film.mp4"] = Resource(b"\1" * 64 * MIB, speed=MIB, etag='"1"')

    def are_silent() -> bool:
        if film.now:
            film.mute = SILENCE
        return len(host.asked) > 0

    _ends(host, StreamKind.FILE, tmp_path, are_silent)


@pytest.mark.parametrize(
    ("names", "stage"),
    [(["demo"], "page"), (HOSTS, "redirect"), (HOSTS, "embed")],
    ids=["the-catalogue", "a-redirect", "an-embed-page"],
)
def test_while_nobody_says_where_the_stream_is(
    demo: Demo, series: Series, episode: Episode, names: Sequence[str], stage: str
) -> None:
    for name in names:
        demo.fault(name, "timeout", stage=stage)
    [pk] = queue.enqueue(series, [episode]).added
    item = QueueItem.objects.claim_next("tests:1", limit=99, own_limit=99)
    assert item
    before = len(demo.requests(stage))
    with _cancelling(item, lambda: len(demo.requests(stage)) > before):
        engine.run(item)
    assert QueueItem.objects.get(pk=pk).status == "cancelled"
