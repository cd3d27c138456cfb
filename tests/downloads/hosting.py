"""A small host of our own for what the demo site can't play, and jobs to fetch from it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from downloads.control import Control
from downloads.fetchers.base import Job
from downloads.models import QueueItem
from providers.contracts import Stream, StreamKind
from providers.http import Client, Policy
from tests.library.factories import make_episodes, make_series


@dataclass
class Resource:
    """What stands under one address, and how it is served.

    `cuts`: after how many bytes each answer breaks off. `pause`: seconds of silence in the middle of each answer,
    `mute`: before its head.
    `speed`: bytes a second of each answer, `speeds`: of the next ones first. `at_once`: answers at the same time, more
    are refused with `refusal`. `lie`: what is wrong with each part that does not begin at the start. `becomes`: what
    stands there after so many bytes were sent.
    """

    body: bytes
    etag: str = ""
    last_modified: str = ""
    ranges: bool = True
    chunked: bool = False
    quiet_parts: bool = False
    content_type: str = "video/mp4"
    cuts: list[int] = field(default_factory=list)
    status: int = 0
    pause: float = 0
    mute: float = 0
    speed: float = 0
    speeds: list[float] = field(default_factory=list)
    at_once: int = 0
    refusal: int = 429
    lie: str = ""
    becomes: tuple[int, Resource] | None = None
    now: int = 0
    sent: int = 0


@dataclass(frozen=True)
class Asked:
    """A request as it came, and how many bytes of the body were sent."""

    path: str
    range: str
    if_range: str
    sent: int
    status: int = 200
    mark: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        with self.server.answering:
            self.server.busy += 1
        try:
            self._serve()
        finally:
            with self.server.answering:
                self.server.busy -= 1
                self.server.answering.notify_all()

    def _serve(self) -> None:
        found = self.server.resources.get(self.path.partition("?")[0])
        if found is None or found.status:
            self._refuse(found.status if found else 404)
            return
        if found.mute:
            self._note(0)
            self.server.stopping.wait(found.mute)
        start, end, part = self._part(found)
        if start >= len(found.body) and part:
            self._refuse(416, f"bytes */{len(found.body)}")
        elif found.at_once and found.now >= found.at_once:
            self._refuse(found.refusal)
        else:
            found.now += 1
            try:
                self._answer(found, start, end, part)
            finally:
                found.now -= 1

    def _refuse(self, status: int, content_range: str = "") -> None:
        self.send_response(status)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self._note(0, status)

    def _part(self, found: Resource) -> tuple[int, int, bool]:
        asked, condition = self.headers.get("Range", ""), self.headers.get("If-Range")
        fits = condition is None or condition in (found.etag, found.last_modified)
        if not asked or not found.ranges or not fits:
            return 0, len(found.body), False
        first, _dash, last = asked.removeprefix("bytes=").partition("-")
        return int(first), min(len(found.body), int(last) + 1 if last else len(found.body)), True

    def _answer(self, found: Resource, start: int, end: int, part: bool) -> None:
        lie = found.lie if start else ""
        body = found.body[start:] if lie == "more" else found.body[start:end]
        self._head(found, start, end, part, lie, len(body))
        cut = found.cuts.pop(0) if found.cuts else None
        if found.pause:
            self._note(0)
        speed = found.speeds.pop(0) if found.speeds else found.speed
        chunked = found.chunked or lie == "more"
        sent = self._send(found, body if cut is None else body[:cut], chunked=chunked, speed=speed)
        if cut is None and chunked and sent == len(body):
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection |= cut is not None or sent < len(body)

    def _head(self, found: Resource, start: int, end: int, part: bool, lie: str, size: int) -> None:
        self.send_response(206 if part else 200)
        self.send_header("Content-Type", found.content_type)
        if part:
            shift = 1 if lie == "place" else 0
            self.send_header("Content-Range", f"bytes {start + shift}-{end - 1 + shift}/{len(found.body)}")
        if not (part and found.quiet_parts and "If-Range" in self.headers):
            for name, value in (("ETag", found.etag), ("Last-Modified", found.last_modified)):
                if value:
                    self.send_header(name, value)
        if found.chunked or lie == "more":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(size - 1 if lie == "length" else size))
        self.end_headers()

    def _send(self, found: Resource, body: bytes, *, chunked: bool, speed: float) -> int:
        """Notes the request when it is over, and answers how many bytes went out."""
        sent, piece_size = 0, min(65536, max(1024, int(speed / 20))) if speed else 65536
        try:
            while sent < len(body):
                if found.pause and sent > len(body) // 2:
                    self.server.stopping.wait(found.pause)
                piece = body[sent : sent + piece_size]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                sent += len(piece)
                self._count(found, len(piece))
                if speed and self.server.stopping.wait(len(piece) / speed):
                    break
        finally:
            self._note(sent)
        return sent

    def _count(self, found: Resource, size: int) -> None:
        found.sent += size
        if found.becomes and found.sent >= found.becomes[0]:
            self.server.resources[self.path.partition("?")[0]] = found.becomes[1]

    def _note(self, sent: int, status: int = 200) -> None:
        headers = self.headers
        ranges = headers.get("Range", ""), headers.get("If-Range", "")
        self.server.asked.append(Asked(self.path, *ranges, sent, status, headers.get("X-Mark", "")))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.resources: dict[str, Resource] = {}
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self.answering = threading.Condition()
        self.busy = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class Hosting:
    """The server: what it holds is set by path."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        self.resources = server.resources

    @property
    def asked(self) -> list[Asked]:
        """Every request so far."""
        return list(self._server.asked)

    def sent(self, path: str = "") -> int:
        """Bytes of bodies, of one path or all."""
        return sum(one.sent for one in self.asked if path in one.path)

    def settle(self) -> None:
        """Waits until those that were cut off a moment ago are noted."""
        with self._server.answering:
            self._server.answering.wait_for(lambda: self._server.busy == 0, timeout=3)

    def forget(self) -> None:
        """Begins a new list of requests, once it is settled."""
        self.settle()
        self._server.asked.clear()


@contextmanager
def hosting() -> Iterator[Hosting]:
    """A running host."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Hosting(server)
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()


def leased_item() -> QueueItem:
    """An item that this process works at."""
    series = make_series()
    [episode] = make_episodes(series, count=1)
    QueueItem.objects.create(series=series, episode=episode, season=1, language="German Dub")
    item = QueueItem.objects.claim_next("tests:1", limit=99, own_limit=99)
    assert item
    return item


@contextmanager
def job(
    url: str,
    kind: StreamKind,
    folder: Path,
    *,
    allowed: str = "127.0.0.1",
    connections: int = 4,
    quality: str = "best",
    audio: str = "",
    patience: float = 5,
    headers: dict[str, str] | None = None,
) -> Iterator[Job]:
    """A job for a fetcher, watched over as in the engine. `headers` are the operator's, who may change them."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = Policy(timeout=patience, retry_delay=0, allowed_private_hosts=frozenset({allowed}))
    client = Client(policy)

    def clients() -> Client:
        return Client(replace(policy, headers=dict(headers))) if headers else client

    stream = Stream(url, kind, "direct", {"User-Agent": "tests"})
    item = leased_item()
    try:
        with Control(item) as control:
            yield Job(stream, clients, folder, control, connections, quality, folder, audio=audio)
    finally:
        client.close()
        # Else the next one of the test may be one too many at once.
        item.cancel()
