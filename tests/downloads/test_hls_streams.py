"""HLS streams of the demo site over real HTTP: what arrives plays, in the wanted language, with its index in front."""

from __future__ import annotations

import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from aniworld.configuration import store
from downloads import truth
from downloads.fetchers import hls
from downloads.interruptions import MustWait
from downloads.media import remux
from providers.contracts import Language, StreamKind
from providers.demo.series import links
from providers.demo.site import Site
from providers.exceptions import Expired, WrongContent
from tests.downloads.hosting import Hosting, Resource, job
from tests.running import eventually

SECONDS = 24


@pytest.fixture
def site(demo_site: Site, transactional_db: None) -> Iterator[Site]:
    store.change({"downloads": {"free_space_floor_gb": 0}})
    assert demo_site.clips.wait(120), demo_site.clips.error
    demo_site.faults.clear()
    demo_site.server.forget_requests()
    yield demo_site
    demo_site.faults.clear()


def _address(site: Site, host: str, name: str, skip: int = 0) -> str:
    """A good address of that playlist; links come in pairs whose vectors are explicit and implicit."""
    fitting = [link for link in links() if link.host == host and link.language == Language.GERMAN_DUB]
    link = next(one for one in fitting if one.id % 2 == skip)
    return f"{site.address}/host/{host}/media/{link.id}/{site.server.passes.issue(link)}/{name}"


def _fetch(address: str, folder: Path, *, audio: str = "", quality: str = "best", connections: int = 4) -> Path:
    with job(address, StreamKind.HLS, folder, connections=connections, audio=audio, quality=quality) as one:
        fetched = hls.fetch(one)
    assert fetched.duration == pytest.approx(SECONDS, abs=1.5)
    facts = truth.check(fetched.path, declared=fetched.duration, median=None)
    assert facts.extension == ".mp4"
    assert boxes(fetched.path).index("moov") < boxes(fetched.path).index("mdat")
    # What is not needed any more is removed while nobody waits for it.
    eventually(lambda: {path.name for path in folder.iterdir()} == {"journal.json", "whole.mp4"}, 10)
    return fetched.path


def boxes(path: Path) -> list[str]:
    """The names of the outermost boxes of an MP4 in order."""
    names, position = [], 0
    with path.open("rb") as file:
        while head := file.read(16):
            size, name = struct.unpack(">I4s", head[:8])
            names.append(name.decode())
            position += struct.unpack(">Q", head[8:])[0] if size == 1 else size
            file.seek(position)
    return names


def played(path: Path) -> tuple[int, float, str, float]:
    """Height, seconds of picture, language and seconds of sound; everything is decoded."""
    with av.open(str(path)) as file:
        pictures = [frame.time for frame in file.decode(video=0) if not frame.is_corrupt and frame.time is not None]
        height, language = file.streams.video[0].height, str(file.streams.audio[0].language)
        file.seek(0)
        sounds = [frame.time for frame in file.decode(audio=0) if frame.time is not None]
    assert len(pictures) == pytest.approx(24 * (pictures[-1] - pictures[0]), abs=3)
    return height, pictures[-1] - pictures[0], language, sounds[-1] - sounds[0]


def asked(site: Site, *words: str) -> set[str]:
    """Names of the files that were asked for and hold one of the words."""
    names = {str(line["path"]).rpartition("/")[2] for line in site.requests()}
    return {name for name in names if any(word in name for word in words)}


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("host", ["demo-hls", "demo-aes"])
@pytest.mark.parametrize("audio", ["deu", "jpn"])
def test_separate_sound_in_the_wanted_language(host: str, skip: int, audio: str, site: Site, tmp_path: Path) -> None:
    path = _fetch(_address(site, host, "separate.m3u8", skip), tmp_path, audio=audio)
    height, pictures, language, sounds = played(path)
    assert (height, language) == (360, audio)
    assert pictures == pytest.approx(SECONDS, abs=1.5)
    assert sounds == pytest.approx(pictures, abs=0.3)
    assert all(name.startswith((f"sound-{audio}", "silent-360p")) for name in asked(site, "sound", "silent", "p-"))
    if host == "demo-aes":
        # Each key once, although two tracks and several connections want it.
        keys = [str(line["path"]).rpartition("/")[2] for line in site.requests(stage="key")]
        assert sorted(keys) == [f"key-{number}.bin" for number in range(4)]


def test_without_the_wanted_language_the_default_is_taken(site: Site, tmp_path: Path) -> None:
    path = _fetch(_address(site, "demo-hls", "separate.m3u8"), tmp_path, audio="fra")
    assert played(path)[2] == "deu"


def test_picture_and_sound_are_interleaved(site: Site, tmp_path: Path) -> None:
    """A player that reads forwards never waits for the other track."""
    path = _fetch(_address(site, "demo-hls", "separate.m3u8"), tmp_path)
    with av.open(str(path)) as file:
        packets = sorted((packet for packet in file.demux() if packet.pos is not None), key=lambda one: one.pos or 0)
        reached = {"video": 0.0, "audio": 0.0}
        for packet in packets:
            if packet.dts is not None and packet.time_base:
                reached[packet.stream.type] = float(packet.dts * packet.time_base)
                assert abs(reached["video"] - reached["audio"]) < 2


@pytest.mark.parametrize("host", ["demo-hls", "demo-aes"])
def test_muxed_sound_keeps_its_language(host: str, site: Site, tmp_path: Path) -> None:
    path = _fetch(_address(site, host, "master.m3u8"), tmp_path, audio="deu")
    height, pictures, language, sounds = played(path)
    assert (height, language) == (360, "deu")
    assert pictures == pytest.approx(sounds, abs=0.3)


def test_a_playlist_without_end_is_refused_with_its_reason(site: Site, tmp_path: Path) -> None:
    site.faults.set("demo-hls", {"fault": "playlist_without_end"})
    with pytest.raises(WrongContent, match="live streams are not downloaded"):
        _fetch(_address(site, "demo-hls", "master.m3u8"), tmp_path)
    assert asked(site, ".ts") == set()


def test_a_key_that_does_not_fit_is_wrong_content(site: Site, tmp_path: Path) -> None:
    site.faults.set("demo-aes", {"fault": "wrong_key"})
    with pytest.raises(WrongContent):
        _fetch(_address(site, "demo-aes", "separate.m3u8"), tmp_path)
    assert not list(tmp_path.glob("whole*"))


def test_segments_are_joined_while_others_arrive(site: Site, tmp_path: Path) -> None:
    """The last segment stands still in its middle, and the MP4 has grown by then."""
    site.faults.set("demo-hls", {"fault": "stall", "match": "360p-5.ts", "times": 1})
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            there = {path.name[:5] for path in (tmp_path / "segments").rglob("0*") if path.suffix != ".part"}
            unfinished = tmp_path / "whole.unfinished"
            if "00005" not in there and unfinished.exists():
                seen.append(unfinished.stat().st_size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _fetch(_address(site, "demo-hls", "master.m3u8"), tmp_path)
    finally:
        over.set()
        watcher.join()
    assert max(seen) > 2_000_000


def test_an_index_that_outgrows_its_room_is_still_in_front(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remux, "_PER_FILE", 0)
    monkeypatch.setattr(remux, "SPARE", 0.01)
    path = _fetch(_address(site, "demo-hls", "master.m3u8"), tmp_path)
    assert played(path)[1] == pytest.approx(SECONDS, abs=1)


@pytest.mark.parametrize(("megabytes", "fits"), [(16, True), (8, True), (5, False)])
def test_a_disk_without_room_for_two_copies(
    site: Site, tmp_path: Path, megabytes: int, fits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        if fits:
            played(_fetch(_address(site, "demo-hls", "master.m3u8"), folder))
        else:
            with pytest.raises(MustWait):
                _fetch(_address(site, "demo-hls", "master.m3u8"), folder)
            # What has arrived stays for when there is room.
            assert len(list(folder.rglob("0*"))) >= 4
            assert not list(folder.glob("whole*"))
        assert ("they are removed as they are joined" in caplog.text) == (megabytes == 8)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("words", ["#EXT-X-STREAM-INF:BANDWIDTH=1\n{}", "#EXTM3U"])
def test_playlists_that_lead_to_each_other_end_soon(host: Hosting, tmp_path: Path, words: str) -> None:
    for number in range(5):
        text = "#EXTM3U\n" + words.format(f"/{number + 1}.m3u8") + "\n"
        host.resources[f"/{number}.m3u8"] = Resource(text.encode())
    with pytest.raises(WrongContent):
        _fetch(f"{host.address}/0.m3u8", tmp_path)
    assert len(host.asked) <= 2


def test_a_segment_that_a_power_cut_left_short_is_fetched_again(site: Site, tmp_path: Path) -> None:
    site.faults.set("demo-hls", {"fault": "404", "stage": "segment", "match": "-5.ts"})
    address = _address(site, "demo-hls", "master.m3u8")
    with pytest.raises(Expired):
        _fetch(address, tmp_path, connections=1)
    site.faults.clear()
    site.server.forget_requests()
    [spoiled] = (tmp_path / "segments").rglob("00002-*")
    spoiled.write_bytes(spoiled.read_bytes()[:-100])
    _fetch(address, tmp_path)
    assert asked(site, ".ts") == {"360p-2.ts", "360p-5.ts"}
