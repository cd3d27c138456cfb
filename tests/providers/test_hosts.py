"""Every way in which an embed page may declare its stream, every named host, and pages that declare nothing good."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yt_dlp.extractor import gen_extractor_classes

from providers import installed, registry
from providers.contracts import Host, StreamKind
from providers.exceptions import Blocked, NotFound, PageNotUnderstood, ProviderError, RateLimited, WrongContent
from providers.hosts import declared, named
from providers.hosts.direct import Direct
from providers.hosts.embed import EmbedHost
from providers.hosts.probe import kind_of
from providers.http import USER_AGENT, Client, Policy
from tests.providers.conftest import Script, Scripted, answer

Start = Callable[[Script | bytes], Scripted]
NAMED: list[type[EmbedHost]] = [
    named.Voe, named.Vidoza, named.Vidmoly, named.Filemoon, named.Doodstream, named.Streamtape, named.LoadX,
    named.Luluvdo, named.SpeedFiles,
]  # fmt: skip
FILE = answer(b"\0\0\0\x18ftypmp42" + b"\0" * 2000, "200 OK", "Content-Type: video/mp4")
PLAYLIST = answer(b"#EXTM3U\n#EXT-X-ENDLIST\n", "200 OK", "Content-Type: application/vnd.apple.mpegurl")
PAGE = "Content-Type: text/html; charset=utf-8"


class Player:
    """A host: `/e` is its page, everything named v.mp4 or v.m3u8 is good unless `media` says otherwise."""

    def __init__(self, start: Start) -> None:
        self.pages: dict[str, str] = {}
        self.media: dict[str, bytes] = {"/v.mp4": FILE, "/v.m3u8": PLAYLIST}
        self.server = start(self._answer)
        self.address = self.server.address

    def _answer(self, head: str, to: socket.socket) -> None:
        path = head.split(" ")[1].partition("?")[0]
        if path == "/redirect/1":
            to.sendall(answer(b"", "302 Found", "Location: /e"))
        elif path in self.pages:
            to.sendall(answer(self.pages[path].encode(), "200 OK", PAGE))
        else:
            to.sendall(self.media.get(path, answer(b"", "404 No")))


@pytest.fixture
def player(scripted: Start) -> Player:
    return Player(scripted)


def packed(url: str) -> str:
    return base64.b64encode(url.encode()).decode()


WAYS: dict[str, Callable[[str], str]] = {
    "video src": lambda url: f"<video class=x src='{url}'></video>",
    "source src": lambda url: f"<video><source src='{url}' type='video/mp4'></video>",
    "json-ld": lambda url: (
        f'<script type="application/ld+json">{json.dumps({"@graph": [{"contentUrl": url}]})}</script>'
    ),
    "og:video": lambda url: f"<meta property='og:video' content='{url}'>",
    "og:video:url": lambda url: f"<meta property='og:video:url' content='{url}'>",
    "script, plain": lambda url: f"<script>setup({{file:'{url}'}})</script>",
    "script, JSON": lambda url: "<script>var a = " + json.dumps({"hls": url}).replace("/", "\\/") + ";</script>",
    "script, unquoted JSON key": lambda url: f'<script>sources: [{{src: "{url}", type: "x"}}]</script>',
    "script, base64": lambda url: f"<script>var a = atob('{packed(url)}');</script>",
    "script, base64 of JSON": lambda url: f'<script>var a = "{packed(json.dumps({"file": url}))}";</script>',
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(("name", "kind"), [("v.mp4", StreamKind.FILE), ("v.m3u8", StreamKind.HLS)])
@pytest.mark.parametrize("host", [named.Voe])
def test_each_way_of_declaring(
    host: type[EmbedHost], way: str, name: str, kind: StreamKind, player: Player, loopback: Client
) -> None:
    url = f"{player.address}/{name}?t=a&e=5"
    player.pages["/e"] = f"<!DOCTYPE html><html><body>{WAYS[way](url)}</body></html>"
    stream = host("", loopback).resolve(f"{player.address}/redirect/1")
    assert (stream.url, stream.kind, stream.host) == (url, kind, "voe")
    assert stream.headers == {"Referer": f"{player.address}/", "User-Agent": USER_AGENT}


@pytest.mark.parametrize("host", NAMED)
def test_each_named_host_resolves(host: type[EmbedHost], player: Player, loopback: Client) -> None:
    player.pages["/e"] = "<html><video src='/v.mp4'></video></html>"
    assert host("", loopback).resolve(f"{player.address}/e").host == host.name


@pytest.mark.parametrize("host", NAMED)
def test_yt_dlp_knows_a_named_host_exactly_where_it_is_said(host: type[EmbedHost]) -> None:
    addresses = [f"https://{alias}/e/abcdef123456" for alias in (*host.aliases, f"{host.name}.com") if "." in alias]
    knows = any(
        extractor.suitable(url)
        for extractor in gen_extractor_classes()
        for url in addresses
        if extractor.IE_NAME != "generic"
        and "Unsupported" not in extractor.__name__
        and "Known" not in extractor.__name__
    )
    assert knows == host.known_to_ytdlp


def test_a_host_that_yt_dlp_knows_gets_the_page(player: Player, loopback: Client) -> None:
    class Known(EmbedHost):
        name, display_name, known_to_ytdlp = "known", "Known", True

    stream = Known("", loopback).resolve(f"{player.address}/redirect/1")
    assert (stream.url, stream.kind) == (f"{player.address}/e", StreamKind.YTDLP)


@pytest.mark.parametrize(
    "script",
    ["window.location.href = '/real';", 'if (x) { window.location.href="/real" }', "location.replace('/real')",
     "window.location = '/real'", "location.href='\\/real'"],
)  # fmt: skip
def test_one_script_redirect_is_followed(script: str, player: Player, loopback: Client) -> None:
    player.pages["/e"] = f"<html><script>{script}</script></html>"
    player.pages["/real"] = "<html><video src='/v.mp4'></video></html>"
    assert named.Voe("", loopback).resolve(f"{player.address}/redirect/1").url == f"{player.address}/v.mp4"


def test_only_one_script_redirect_is_followed(player: Player, loopback: Client) -> None:
    player.pages["/e"] = "<html><script>window.location.href = '/f'</script></html>"
    player.pages["/f"] = "<html><script>window.location.href = '/g'</script></html>"
    player.pages["/g"] = "<html><video src='/v.mp4'></video></html>"
    with pytest.raises(PageNotUnderstood, match="/f"):
        named.Voe("", loopback).resolve(f"{player.address}/e")


def test_the_first_that_answers_with_media_wins(player: Player, loopback: Client) -> None:
    html = answer(b"<!DOCTYPE html><p>ad</p>", "200 OK", "Content-Type: video/mp4")
    player.media |= {"/ad.mp4": html, "/text.mp4": answer(b"hello", "200 OK", "Content-Type: text/plain")}
    player.pages["/e"] = (
        "<html><video src='/missing.mp4'></video><source src='/ad.mp4'><source src='/text.mp4'>"
        "<source src='http://10.0.0.1/v.mp4'>"
        "<script>a = '/v.m3u8'; b = '/v.mp4'</script></html>"
    )
    client = Client(Policy(timeout=1, retries=1, allowed_private_hosts=frozenset({"127.0.0.1"})))
    assert named.Vidoza("", client).resolve(f"{player.address}/e").url == f"{player.address}/v.m3u8"


@pytest.mark.parametrize(
    ("media", "error"),
    [(answer(b"", "403 No"), Blocked), (answer(b"", "404 No"), NotFound), (answer(b"", "429 Slow"), RateLimited),
     (answer(b"<html>", "200 OK", PAGE), WrongContent),
     (answer(b"", "200 OK", "Content-Type: video/mp4"), WrongContent)],
)  # fmt: skip
def test_nothing_good_behind_the_declared_address(
    media: bytes, error: type[ProviderError], player: Player, loopback: Client
) -> None:
    player.media["/v.mp4"] = media
    player.pages["/e"] = "<html><video src='/v.mp4'></video></html>"
    with pytest.raises(error):
        named.Filemoon("", loopback).resolve(f"{player.address}/e")


@pytest.mark.parametrize(
    "page",
    ["<html><p>File not found</p></html>", "", "<html><video></video></html>",
     "<html><video src='blob:x'></video></html>",
     "<html><video src='javascript:x.mp4'></video></html>", "<html><script>eval(p.mp4)</script></html>"],
)  # fmt: skip
def test_a_page_that_declares_nothing(page: str, player: Player, loopback: Client) -> None:
    player.pages["/e"] = page
    with pytest.raises(PageNotUnderstood, match="declare a video"):
        named.Doodstream("", loopback).resolve(f"{player.address}/e")


def test_a_challenge_is_blocked(player: Player, loopback: Client) -> None:
    player.pages["/e"] = "<html><title>Just a moment...</title><video src='/v.mp4'></video></html>"
    with pytest.raises(Blocked):
        named.Streamtape("", loopback).resolve(f"{player.address}/redirect/1")


def test_direct_links(player: Player, loopback: Client) -> None:
    host = Direct("", loopback)
    assert host.resolve(f"{player.address}/v.mp4").kind == StreamKind.FILE
    assert host.resolve(f"{player.address}/v.m3u8").kind == StreamKind.HLS
    player.pages["/e"] = "<html><video src='/v.mp4'></video></html>"
    with pytest.raises(WrongContent):
        host.resolve(f"{player.address}/e")


def test_the_user_agent_of_the_operator_binds_the_stream(player: Player) -> None:
    player.pages["/e"] = "<html><video src='/v.mp4'></video></html>"
    client = Client(Policy(headers={"user-agent": "Mine/1"}, allowed_private_hosts=frozenset({"127.0.0.1"})))
    assert named.Voe("", client).resolve(f"{player.address}/e").headers["User-Agent"] == "Mine/1"
    heads = [head.lower() for head in player.server.heads]
    assert all(head.count("user-agent: mine/1") == 1 and head.count("user-agent:") == 1 for head in heads)


@pytest.mark.parametrize(
    ("label", "name"),
    [("Voe.SX", "voe"), ("VOE", "voe"), ("Dood", "doodstream"), ("Doodstream", "doodstream"), ("Vidoza", "vidoza"),
     ("Vidmoly.to", "vidmoly"), ("FileMoon", "filemoon"), ("Streamtape.com", "streamtape"), ("LoadX", "loadx"),
     ("Luluvdo", "luluvdo"), ("Speedfiles", "speedfiles"), ("SpeedFiles.net", "speedfiles"), ("direct", "direct"),
     ("filemoon.xyz", "filemoon"), ("", None), ("Unbekannt", None), ("\x00", None), (".", None)],
)  # fmt: skip
def test_host_names_are_normalised(label: str, name: str | None) -> None:
    assert registry.host_named(label) == name


def test_demo_hosts_are_known_only_while_the_demo_is_on(settings: object) -> None:
    assert registry.host_named("Demo File") is None
    settings.DEMO = True  # type: ignore[attr-defined]  # pytest-django's wrapper takes any setting
    assert [registry.host_named(label) for label in ("Demo File", "Demo HLS", "Demo AES")] == [
        "demo-file",
        "demo-hls",
        "demo-aes",
    ]


@given(st.text())
def test_no_label_makes_normalising_fail(label: str) -> None:
    assert registry.host_named(label) in {None, *installed.HOSTS}


def test_when_an_address_runs_out() -> None:
    soon = int(time.time()) + 600
    assert declared.expiry(f"http://h/v.mp4?expires={soon}") == datetime.fromtimestamp(soon, UTC)
    for query in ("", "expires=5", "expires=x", f"expires={soon + 10**7}", "e=99999999999", "a=1"):
        assert declared.expiry(f"http://h/v.mp4?{query}") is None


@pytest.mark.parametrize(
    ("content_type", "start", "kind"),
    [
        ("video/mp4", b"\0\0", StreamKind.FILE),
        ("application/octet-stream", b"\0\0\0\x18ftyp", StreamKind.FILE),
        ("text/plain", b"#EXTM3U", StreamKind.HLS),
        ("video/mp4", b"\xef\xbb\xbf#EXTM3U", StreamKind.HLS),
        ("application/vnd.apple.mpegurl", b"hello", None),
        ("text/plain", b"hello", None),
        ("video/mp4", b"<html>", None),
        ("application/octet-stream", b"\x1a\x45\xdf\xa3", StreamKind.FILE),
        ("image/png", b"\x89PNG", None),
        ("video/mp4", b"", None),
    ],
)
def test_what_counts_as_media(content_type: str, start: bytes, kind: StreamKind | None) -> None:
    assert kind_of(content_type, start) == kind


PIECES = st.sampled_from(
    [
        "<video src='",
        "'>",
        "<source src=http://[",
        "<script>",
        "</script>",
        "http://",
        ".mp4",
        ".m3u8",
        "\\/",
        "\\u002F",
        "<script type='application/ld+json'>",
        '{"contentUrl": ',
        "[" * 50,
        '"',
        "'",
        "`",
        "aHR0cDovL3gvYS5tcDQ=",
        "window.location.href='",
        "//[",
        "\x00",
        "<meta property='og:video' content='",
        "x" * 3000,
        "atob(",
        ")",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_no_page_makes_the_search_for_streams_fail(text: str) -> None:
    for address in declared.streams(text, "http://host/e"):
        assert address.startswith(("http://", "https://"))
        declared.expiry(address)
    declared.script_redirect(text, "http://host/e")


@pytest.mark.parametrize("piece", ["http://", "'a", "{[", "location=", "<video src=x.mp4>", "aHR0cDov", ".mp4 "])
def test_a_hostile_page_costs_little_time(piece: str) -> None:
    text = "<script>" + piece * (2_000_000 // len(piece))
    start = time.monotonic()
    declared.streams(text, "http://host/e")
    declared.script_redirect(text, "http://host/e")
    assert time.monotonic() - start < 5


def test_a_host_without_an_address_can_t_be_checked(loopback: Client, player: Player) -> None:
    with pytest.raises(ProviderError, match="no address"):
        named.Voe("", loopback).check()
    player.pages["/"] = "<html>hello</html>"
    host: Host = named.Voe(player.address, loopback)
    host.check()
