"""The yt-dlp fetcher for real: its child process, its proxy, and what it says when something is wrong."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from aniworld.configuration import store
from aniworld.supervisor import linux
from downloads import truth
from downloads.fetchers import ytdlp
from downloads.interruptions import LeaseLost, MustWait
from downloads.models import QueueItem
from providers import ytdlp_listing
from providers.contracts import StreamKind
from providers.demo.clips import Clips
from providers.exceptions import (
    AddressRefused,
    Blocked,
    ConnectionFailed,
    NotFound,
    ProviderError,
    ServerFailed,
    WrongContent,
)
from tests.clips import clips_there
from tests.downloads.hosting import Hosting, Resource, hosting, job
from tests.running import eventually


@pytest.fixture(scope="module")
def clips() -> Clips:
    return clips_there(Path(settings.DEMO_DIR), 24)


@pytest.fixture
def host(transactional_db: None, clips: Clips) -> Iterator[Hosting]:
    store.change({"downloads": {"free_space_floor_gb": 0, "stall_seconds": 20}})
    with hosting() as found:
        found.resources["/film.mp4"] = Resource(clips.file(0, "deu").read_bytes())
        for number in range(6):
            body = clips.segment(0, "deu", "360p", number).read_bytes()
            found.resources[f"/{number}.ts"] = Resource(body, content_type="video/mp2t")
        lines = "".join(f"#EXTINF:4.0,\n{number}.ts\n" for number in range(6))
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n{lines}#EXT-X-ENDLIST\n"
        found.resources["/list.m3u8"] = Resource(text.encode(), content_type="application/vnd.apple.mpegurl")
        yield found


def _own(host: Hosting) -> str:
    return host.address.removeprefix("http://")


@pytest.mark.parametrize("path", ["/film.mp4", "/list.m3u8"])
def test_a_file_and_a_playlist_arrive_and_are_counted(host: Hosting, tmp_path: Path, path: str) -> None:
    with job(host.address + path, StreamKind.YTDLP, tmp_path, allowed=_own(host)) as one:
        fetched = ytdlp.fetch(one)
        item = one.control.item
        assert ytdlp.fetch(one).path == fetched.path
    truth.check(fetched.path, declared=24, median=None)
    assert item.downloaded_bytes > 0
    assert not list(tmp_path.glob("*.part*"))
    if path == "/film.mp4":
        assert fetched.path.read_bytes() == host.resources[path].body
        assert item.downloaded_bytes == fetched.path.stat().st_size


@pytest.mark.parametrize(("quality", "chosen"), [("best", "high-"), ("480p", "")])
def test_the_preferred_quality_is_kept_to(host: Hosting, tmp_path: Path, quality: str, chosen: str) -> None:
    listed = host.resources["/list.m3u8"]
    other = listed.body
    for number in range(6):
        other = other.replace(b"%d.ts" % number, b"high-%d.ts" % number)
        host.resources[f"/high-{number}.ts"] = host.resources[f"/{number}.ts"]
    host.resources["/high.m3u8"] = Resource(other, content_type=listed.content_type)
    variants = {"list.m3u8": "640x360", "high.m3u8": "1920x1080"}
    lines = "".join(
        f"#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION={size}\n{name}\n" for name, size in variants.items()
    )
    host.resources["/all.m3u8"] = Resource(f"#EXTM3U\n{lines}".encode(), content_type=listed.content_type)
    url = f"{host.address}/all.m3u8"
    with job(url, StreamKind.YTDLP, tmp_path, allowed=_own(host), quality=quality) as one:
        ytdlp.fetch(one)
    asked = {one.path for one in host.asked if one.path.endswith(".ts")}
    assert asked == {f"/{chosen}{number}.ts" for number in range(6)}


def _children() -> list[linux.Process]:
    return [found for found in linux.descendants(os.getpid()) if "python" in found.name]


@pytest.mark.processes
def test_a_cancelled_item_ends_the_child_and_its_group_within_two_seconds(host: Hosting, tmp_path: Path) -> None:
    host.resources["/film.mp4"].pause = 60
    before = {found.pid for found in _children()}
    ended: list[float] = []

    def cancel_when_it_runs(item: QueueItem) -> None:
        eventually(lambda: host.asked, 20, "the host asked")
        QueueItem.objects.get(pk=item.pk).cancel()
        ended.append(time.monotonic())
        connection.close()

    with job(f"{host.address}/film.mp4", StreamKind.YTDLP, tmp_path, allowed=_own(host)) as one:
        user = threading.Thread(target=cancel_when_it_runs, args=(one.control.item,))
        user.start()
        with pytest.raises(LeaseLost):
            ytdlp.fetch(one)
        user.join()
    assert time.monotonic() - ended[0] < 2
    assert {found.pid for found in _children()} <= before


def test_the_child_knows_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "TMDB_API_KEY", "https_proxy"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("ANIWORLD_INSTANCE", "by which it is found")
    known = ytdlp_listing.environment()
    assert "secret" not in known.values()
    assert {"PATH", "ANIWORLD_INSTANCE"} <= set(known)


def test_a_private_address_that_is_not_allowed_is_refused(host: Hosting, tmp_path: Path) -> None:
    with job(f"{host.address}/film.mp4", StreamKind.YTDLP, tmp_path, allowed="another.example") as one:
        with pytest.raises(AddressRefused):
            ytdlp.fetch(one)
    assert host.asked == []


@pytest.mark.parametrize(
    ("status", "error"), [(403, Blocked), (404, NotFound), (410, NotFound), (500, ServerFailed), (503, ServerFailed)]
)
def test_what_the_host_answers_is_what_is_said(
    host: Hosting, tmp_path: Path, status: int, error: type[ProviderError]
) -> None:
    host.resources["/film.mp4"].status = status
    with job(f"{host.address}/film.mp4?token=secret", StreamKind.YTDLP, tmp_path, allowed=_own(host)) as one:
        with pytest.raises(error) as raised:
            ytdlp.fetch(one)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("ERROR: [generic] Unable to download webpage: HTTP Error 403: Private network", AddressRefused),
        ("ERROR: [x] Please sign in to view this video", Blocked),
        ("ERROR: [x] Solve the captcha", Blocked),
        ("ERROR: Unsupported URL: https://host.example/e/1?token=secret", WrongContent),
        ("ERROR: [generic] Unable to download webpage: timed out", ConnectionFailed),
        ("ERROR: unable to write data: [Errno 28] No space left on device", MustWait),
        ("Traceback (most recent call last):", ConnectionFailed),
    ],
)
def test_each_text_of_yt_dlp_has_its_error(db: None, said: str, error: type[Exception], tmp_path: Path) -> None:
    found = ytdlp._translated(["WARNING: something\n", said + "\n"], tmp_path)
    assert type(found) is error
    assert "secret" not in str(found)


def test_a_page_without_a_video_is_wrong_content(host: Hosting, tmp_path: Path) -> None:
    host.resources["/page"] = Resource(b"<html><title>Nothing</title>", content_type="text/html")
    with job(f"{host.address}/page", StreamKind.YTDLP, tmp_path, allowed=_own(host)) as one:
        with pytest.raises(WrongContent):
            ytdlp.fetch(one)


def test_a_broken_file_goes_on_in_the_next_try(host: Hosting, tmp_path: Path) -> None:
    film = host.resources["/film.mp4"]
    film.etag, film.cuts = '"one"', [len(film.body), *[1_000_000] + [0] * 12]
    with job(f"{host.address}/film.mp4", StreamKind.YTDLP, tmp_path, allowed=_own(host)) as one:
        try:
            ytdlp.fetch(one)
        except ProviderError:
            film.cuts = []
            ytdlp.fetch(one)
    assert (tmp_path / "fetched.mp4").read_bytes() == film.body
