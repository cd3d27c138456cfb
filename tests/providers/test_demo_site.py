"""The demo site: real media in three forms, and every fault of its plan."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import pytest
import requests
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from providers.contracts import Host, Language, Stream
from providers.demo import address, faults, port
from providers.demo.clips import ClipMaker, make
from providers.demo.fault_kinds import KINDS
from providers.demo.series import all_series, links, slug_of
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
    ServerFailed,
    TimedOut,
    TooLarge,
    WrongContent,
)
from providers.hosts.demo import DemoAES, DemoFile, DemoHLS
from providers.http import PLAYLIST_LIMIT, Client, MediaResponse, Policy

pytest.importorskip("m3u8", reason="make test installs what this needs")
import m3u8  # only after the line above

HOSTS: dict[str, type[Host]] = {"demo-file": DemoFile, "demo-hls": DemoHLS, "demo-aes": DemoAES}


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    found = Client(Policy(timeout=0.7, retries=1, allowed_private_hosts=frozenset({f"127.0.0.1:{site.port}"})))
    yield found
    found.close()


def resolve(site: Site, client: Client, host: str, language: Language = Language.GERMAN_DUB, skip: int = 0) -> Stream:
    fitting = [link for link in links() if link.host == host and link.language == language]
    return HOSTS[host](site.address, client).resolve(f"{site.address}/redirect/{fitting[skip].id}")


def body(response: MediaResponse) -> bytes:
    view, found = memoryview(bytearray(1024 * 1024)), bytearray()
    with response:
        while count := response.read_into(view):
            found += view[:count]
    return bytes(found)


def seconds_and_language(media: bytes) -> tuple[float, str, set[str]]:
    """Length, audio language and kinds of tracks; every frame is decoded."""
    with av.open(io.BytesIO(media), "r") as container:
        kinds = {str(stream.type) for stream in container.streams}
        language = container.streams.audio[0].language
        frames = len(list(container.decode(video=0)))
        return frames / 24, str(language), kinds


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize(
    ("language", "audio"),
    [(Language.GERMAN_DUB, "deu"), (Language.ENGLISH_DUB, "eng"), (Language.GERMAN_SUB, "jpn")],
)
def test_a_file_plays(language: Language, audio: str, skip: int, site: Site, client: Client) -> None:
    stream = resolve(site, client, "demo-file", language, skip)
    media = body(client.open(stream.url, headers=stream.headers))
    seconds, spoken, kinds = seconds_and_language(media)
    assert seconds in (6, 7)
    assert (spoken, kinds) == (audio, {"video", "audio"})


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("host", ["demo-hls", "demo-aes"])
@pytest.mark.parametrize("quality", [0, 1])
def test_a_playlist_plays(host: str, skip: int, quality: int, site: Site, client: Client) -> None:
    stream = resolve(site, client, host, skip=skip)
    master = m3u8.loads(client.get(stream.url).text)
    url = urljoin(stream.url, master.playlists[quality].uri)
    playlist = m3u8.loads(client.get(url).text)
    assert playlist.is_endlist
    pieces = [body(client.open(urljoin(url, segment.uri))) for segment in playlist.segments]
    if host == "demo-aes":
        pieces = [_decrypted(client, url, playlist, number, piece) for number, piece in enumerate(pieces)]
    seconds, spoken, kinds = seconds_and_language(b"".join(pieces))
    assert seconds == sum(segment.duration for segment in playlist.segments)
    assert (spoken, kinds) == ("deu", {"video", "audio"})


def test_separate_sound_in_every_language_and_keys_that_change(site: Site, client: Client) -> None:
    master = urljoin(resolve(site, client, "demo-aes").url, "separate.m3u8")
    read = m3u8.loads(client.get(master).text)
    assert [(one.language, one.default) for one in read.media] == [("de", "YES"), ("ja", "NO"), ("en", "NO")]
    for name, kind in ((read.media[1].uri, "audio"), (read.playlists[0].uri, "video")):
        listed = m3u8.loads(client.get(url := urljoin(master, name)).text)
        assert len({segment.key.uri for segment in listed.segments}) == (len(listed.segments) + 1) // 2
        pieces = [body(client.open(urljoin(url, segment.uri))) for segment in listed.segments]
        plain = b"".join(_decrypted(client, url, listed, number, piece) for number, piece in enumerate(pieces))
        assert [str(stream.type) for stream in av.open(io.BytesIO(plain), "r").streams] == [kind]


def _decrypted(client: Client, url: str, playlist: m3u8.M3U8, number: int, piece: bytes) -> bytes:
    key = playlist.segments[number].key
    secret = client.get(urljoin(url, key.uri), limit=64).content
    vector = bytes.fromhex(key.iv[2:]) if key.iv else number.to_bytes(16, "big")
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(vector)).decryptor()
    remover = padding.PKCS7(128).unpadder()
    return remover.update(decryptor.update(piece) + decryptor.finalize()) + remover.finalize()


def test_vectors_are_explicit_on_some_links_and_implicit_on_others(site: Site, client: Client) -> None:
    found = set()
    for skip in (0, 1):
        stream = resolve(site, client, "demo-aes", skip=skip)
        found.add(m3u8.loads(client.get(urljoin(stream.url, "360p.m3u8")).text).segments[0].key.iv is None)
    assert found == {True, False}


def test_ranges_and_their_conditions(site: Site, client: Client) -> None:
    url = resolve(site, client, "demo-file").url
    whole = client.open(url)
    everything, etag = body(whole), whole.etag
    assert body(client.open(url, offset=1000, end=5000, if_range=etag)) == everything[1000:5000]
    assert body(client.open(url, offset=len(everything) - 5)) == everything[-5:]
    with client.open(url, offset=1000, if_range='"other"') as changed:
        assert (changed.status, changed.offset) == (200, 0)
    with pytest.raises(WrongContent):
        client.open(url, offset=len(everything))
    assert body(client.open(resolve(site, client, "demo-file").url)) == everything
    log = [line for line in site.requests("demo-file", "media") if line["range"] == "bytes=1000-4999"]
    assert [(line["status"], line["bytes"], line["ended"]) for line in log] == [(206, 4000, True)]


def test_stream_addresses_need_their_signature(site: Site, client: Client) -> None:
    for host in HOSTS:
        forged = re.sub(r"\.[0-9a-f]{32}", "." + "0" * 32, resolve(site, client, host).url)
        with pytest.raises(Blocked):
            client.open(forged)


def test_stable_data() -> None:
    assert len(all_series()) >= 36
    assert len({series.slug for series in all_series().values()}) == len(all_series())
    assert [link.id for link in links()] == list(range(1, len(links()) + 1))
    assert slug_of("Größenwahn & Übermut") == "groessenwahn-uebermut"
    assert {link.language for link in links()} == set(Language)


def test_covers(site: Site, client: Client) -> None:
    page = client.get(f"{site.address}/public/img/cover/con.png")
    with av.open(io.BytesIO(page.content)) as picture:
        assert (picture.streams.video[0].width, picture.streams.video[0].height) == (300, 450)
    assert page.content_type == "image/png"


@pytest.mark.parametrize(
    "path",
    ["/x", "/anime/stream/x", "/anime/stream/con/staffel-7", "/anime/stream/con/staffel-1/episode-77", "/redirect/0",
     "/redirect/9999999", "/host/voe/e/1", "/host/demo-hls/e/1", "/host/demo-file/media/1/video.mp4?pass=x",
     "/host/demo-file/media/1/..%2f..%2fetc.ts",
     "/public/img/cover/x.png", "/ajax/search", "/%00", "/anime/stream/con/%ff"],
)  # fmt: skip
def test_odd_paths_are_answered(path: str, site: Site) -> None:
    for ask in (requests.get, requests.head, requests.post):
        assert ask(site.address + path, timeout=5).status_code in (200, 403, 404)


# Faults: where they strike, and what our client makes of them

PAGE_FAULTS: list[tuple[dict[str, Any], type[ProviderError]]] = [
    ({"fault": "refuse"}, ConnectionFailed),
    ({"fault": "timeout"}, TimedOut),
    ({"fault": "slow_answer", "seconds": 2}, TimedOut),
    ({"fault": "403"}, Blocked),
    ({"fault": 404}, NotFound),
    ({"fault": "410"}, NotFound),
    ({"fault": "429", "retry_after": 9}, RateLimited),
    ({"fault": "500"}, ServerFailed),
    ({"fault": "503"}, ServerFailed),
    ({"fault": "challenge"}, Blocked),
    ({"fault": "challenge", "status": 200}, Blocked),
    ({"fault": "login"}, Blocked),
    ({"fault": "redirect_loop"}, ServerFailed),
    ({"fault": "redirect_private"}, AddressRefused),
    ({"fault": "huge_header"}, ConnectionFailed),
    ({"fault": "empty"}, PageNotUnderstood),
]
MEDIA_FAULTS: list[tuple[dict[str, Any], type[ProviderError]]] = [
    *((fault, Expired if fault["fault"] == "410" else error) for fault, error in PAGE_FAULTS[:-1]),
    ({"fault": "stall", "after_bytes": 50_000}, TimedOut),
    ({"fault": "cut", "after_bytes": 50_000}, ConnectionFailed),
    ({"fault": "wrong_length"}, ConnectionFailed),
    ({"fault": "html"}, WrongContent),
    ({"fault": "encoded"}, WrongContent),
    ({"fault": "expire", "after_requests": 0}, Blocked),
    ({"fault": "expire", "after_seconds": 0, "status": 410}, Expired),
]


@pytest.mark.parametrize(("fault", "error"), PAGE_FAULTS)
def test_faults_of_an_embed_page(fault: dict[str, Any], error: type[ProviderError], site: Site, client: Client) -> None:
    site.faults.set("demo-file", {**fault, "stage": "embed"})
    with pytest.raises(error):
        resolve(site, client, "demo-file")
    site.faults.clear("demo-file")
    assert resolve(site, client, "demo-file")


@pytest.mark.parametrize(("fault", "error"), MEDIA_FAULTS)
def test_faults_of_a_file(fault: dict[str, Any], error: type[ProviderError], site: Site, client: Client) -> None:
    url = resolve(site, client, "demo-file").url
    site.faults.set("demo-file", {"stage": "media", **fault})
    start = time.monotonic()
    with pytest.raises(error) as caught:
        body(client.open(url))
    assert time.monotonic() - start < 3
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 9
    assert site.requests("demo-file", "media")[-1]["fault"] == str(fault["fault"])


def test_faults_that_only_the_content_shows(site: Site, client: Client) -> None:
    url = resolve(site, client, "demo-file").url
    good = body(client.open(url))

    def with_fault(**fault: Any) -> bytes:
        site.faults.set("demo-file", fault)
        return body(client.open(url))

    assert with_fault(fault="html_as_video").startswith(b"<!DOCTYPE html")
    assert with_fault(fault="empty") == b""
    assert with_fault(fault="truncated", after_bytes=1000) == good[:1000]
    assert with_fault(fault="wrong_length", after_bytes=-1000) == good[:-1000]
    corrupt = with_fault(fault="corrupt", after_bytes=100_000)
    assert len(corrupt) == len(good)
    assert corrupt[:100_000] == good[:100_000]
    assert corrupt != good
    site.faults.set("demo-file", {"fault": "ignore_ranges"})
    assert client.open(url, offset=5).status == 200
    site.faults.set("demo-file", {"fault": "changing_file"})
    first, second = client.open(url), client.open(url, offset=5)
    assert first.etag != second.etag
    with client.open(url, offset=5, if_range=first.etag) as third:
        assert third.status == 200


def test_the_speed_of_a_connection(site: Site, client: Client) -> None:
    url = resolve(site, client, "demo-file").url
    site.faults.set("demo-file", {"fault": "speed", "speed": 200_000})
    start = time.monotonic()
    assert len(body(client.open(url, offset=0, end=100_000))) == 100_000
    assert 0.4 < time.monotonic() - start < 1.5


def test_faults_of_playlists_segments_and_keys(site: Site, client: Client) -> None:
    stream = resolve(site, client, "demo-aes")
    media_url = urljoin(stream.url, "360p.m3u8")
    good = client.get(media_url).text

    def with_fault(path: str, **fault: Any) -> bytes:
        site.faults.set("demo-aes", fault)
        return client.get(urljoin(stream.url, path), limit=PLAYLIST_LIMIT).content

    key = client.get(urljoin(stream.url, "key.bin")).content
    assert len(key) == 16
    assert b"#EXT-X-ENDLIST" not in with_fault("360p.m3u8", fault="playlist_without_end")
    assert b"192.168.0.1" in with_fault("360p.m3u8", fault="playlist_foreign")
    assert b"master.m3u8" in with_fault("360p.m3u8", fault="playlist_loop")
    assert with_fault("360p.m3u8", fault="bad_playlist").startswith(b"#EXTM3U")
    assert len(with_fault("key.bin", fault="wrong_key")) == 16
    assert with_fault("key.bin", fault="wrong_key") != key
    assert len(with_fault("key.bin", fault="oversize_key")) == 1600
    with pytest.raises(TooLarge):
        with_fault("360p.m3u8", fault="oversize_playlist")
    with pytest.raises(NotFound):
        with_fault("360p-1.ts", fault="missing_segment", match="-1.ts")
    assert with_fault("360p-0.ts", fault="missing_segment", match="-1.ts")
    assert with_fault("360p.m3u8", fault="stall") == good.encode()


def test_every_kind_is_tried() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_demo_*.py"))
    assert [kind for kind in KINDS if f'"{kind}"' not in text and f'"fault": {kind}' not in text] == []
    assert len(KINDS) >= 30


def test_times_skip_and_order(site: Site, client: Client) -> None:
    site.faults.set("demo", [{"fault": 500, "skip": 1, "times": 2}, {"fault": 404, "match": "/neue"}])

    def status(path: str = "/") -> int:
        return requests.get(site.address + path, timeout=5).status_code

    assert [status(), status(), status(), status(), status("/neue-episoden")] == [200, 500, 500, 200, 404]


def test_expired_addresses_are_good_again_after_resolving(site: Site, client: Client) -> None:
    site.faults.set("demo-hls", {"fault": "expire", "after_requests": 3})
    stream = resolve(site, client, "demo-hls")
    assert client.get(stream.url)
    assert client.get(stream.url)
    with pytest.raises(Blocked):
        client.get(stream.url)
    assert client.get(resolve(site, client, "demo-hls").url)


def test_a_resolver_s_look_does_not_use_up_faults_of_the_download(site: Site, client: Client) -> None:
    site.faults.set("demo-file", {"fault": "cut", "times": 1, "after_bytes": 10})
    url = resolve(site, client, "demo-file").url
    with pytest.raises(ConnectionFailed):
        body(client.open(url))
    assert body(client.open(url))


def test_faults_over_http(site: Site) -> None:
    control = f"{site.address}/_faults"
    plan = {"fault": "stall", "after_bytes": 5, "times": 3}
    assert requests.put(f"{control}/demo-file", json=plan, timeout=5).json()["demo-file"][0]["times"] == 3
    assert requests.get(control, timeout=5).json()["demo-file"][0]["fault"] == "stall"
    for bad in ({"fault": "x"}, {"fault": "stall", "stage": "x"}, {"fault": "stall", "y": 1}, [], "x", None, [None]):
        answer = requests.put(f"{control}/demo-file", json=bad, timeout=5)
        assert answer.status_code == (200 if bad == [] else 422)
    assert requests.put(f"{control}/demo-file", data="{", timeout=5).status_code == 422
    assert requests.delete(control, timeout=5).json() == {}
    requests.get(site.address, timeout=5)
    assert requests.get(f"{site.address}/_requests", timeout=5).json()[-1]["path"] == "/"
    assert requests.delete(f"{site.address}/_requests", timeout=5).json() == []


def test_a_plan_from_text_or_file(tmp_path: Path) -> None:
    plan = {"demo-file": {"fault": "403"}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert faults.read_plan(json.dumps(plan)) == faults.read_plan(str(tmp_path / "plan.json")) == plan
    for bad in ("{", str(tmp_path / "nothing"), "[]"):
        with pytest.raises(faults.UnknownFault):
            faults.read_plan(bad)


def test_clips_are_made_once_and_whole(tmp_path: Path) -> None:
    maker = ClipMaker(tmp_path, seconds=2)
    make(maker.clips, 2)
    stamps = {path: path.stat().st_mtime_ns for path in maker.clips.folder.iterdir()}
    maker.start()
    assert maker.wait(10) == maker.clips
    assert {path: path.stat().st_mtime_ns for path in maker.clips.folder.iterdir()} == stamps
    assert [path.name for path in tmp_path.iterdir()] == [maker.clips.folder.name]


def test_clips_that_can_t_be_made_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with Site(tmp_path / "file") as broken:
        client = Client(Policy(retries=1, timeout=5, allowed_private_hosts=frozenset({"127.0.0.1"})))
        with pytest.raises(ServerFailed):
            resolve(broken, client, "demo-file")


def test_stopping_ends_what_is_under_way(tmp_path: Path, running_site: Site) -> None:
    with Site(running_site.clips.clips.folder.parent, clip_seconds=6) as stopping:
        client = Client(Policy(timeout=20, retries=1, allowed_private_hosts=frozenset({"127.0.0.1"})))
        url = resolve(stopping, client, "demo-file").url
        stopping.faults.set("demo-file", {"fault": "stall", "after_bytes": 10})
        response = client.open(url)
        start = time.monotonic()
    with pytest.raises(ConnectionFailed):
        body(response)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(("given", "expected"), [("9000", 9000), ("", 8765), ("x", 8765), ("0", 8765), ("70000", 8765)])
def test_the_port_comes_from_the_environment(given: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_SITE_PORT", given)
    assert port() == expected
    assert address() == f"http://127.0.0.1:{expected}"
