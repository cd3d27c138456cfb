"""A small host of our own for what the demo site can't play, and jobs to fetch from it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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

    `cuts`: after how many bytes each answer breaks off. `pause`: seconds of silence in the middle of each answer.
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


@dataclass(frozen=True)
class Asked:
    """A request as it came, and how many bytes of the body were sent."""

    path: str
    range: str
    if_range: str
    sent: int


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        found = self.server.resources.get(self.path.partition("?")[0])
        if found is None or found.status:
            self.send_response(found.status if found else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self._note(0)
            return
        start, end, part = self._part(found)
        if start >= len(found.body) and part:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(found.body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            self._note(0)
            return
        self._answer(found, start, end, part)

    def _part(self, found: Resource) -> tuple[int, int, bool]:
        asked, condition = self.headers.get("Range", ""), self.headers.get("If-Range")
        fits = condition is None or condition in (found.etag, found.last_modified)
        if not asked or not found.ranges or not fits:
            return 0, len(found.body), False
        first, _dash, last = asked.removeprefix("bytes=").partition("-")
        return int(first), min(len(found.body), int(last) + 1 if last else len(found.body)), True

    def _answer(self, found: Resource, start: int, end: int, part: bool) -> None:
        body = found.body[start:end]
        self.send_response(206 if part else 200)
        self.send_header("Content-Type", found.content_type)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(found.body)}")
        if not (part and found.quiet_parts):
            for name, value in (("ETag", found.etag), ("Last-Modified", found.last_modified)):
                if value:
                    self.send_header(name, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if found.chunked else ("Content-Length", str(len(body)))))
        self.end_headers()
        cut = found.cuts.pop(0) if found.cuts else None
        if found.pause:
            self._note(0)
        self._send(body if cut is None else body[:cut], chunked=found.chunked, pause=found.pause)
        self._note(len(body) if cut is None else cut)
        if cut is None and found.chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection |= cut is not None

    def _send(self, body: bytes, *, chunked: bool, pause: float) -> None:
        for position in range(0, len(body), 65536):
            if pause and position > len(body) // 2:
                self.server.stopping.wait(pause)
            piece = body[position : position + 65536]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _note(self, sent: int) -> None:
        headers = self.headers
        self.server.asked.append(Asked(self.path, headers.get("Range", ""), headers.get("If-Range", ""), sent))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.resources: dict[str, Resource] = {}
        self.asked: list[Asked] = []
        self.stopping = threading.Event()

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

    def forget(self) -> None:
        """Begins a new list of requests."""
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
def job(url: str, kind: StreamKind, folder: Path, *, allowed: str = "127.0.0.1", connections: int = 4) -> Iterator[Job]:
    """A job for a fetcher, watched over as in the engine."""
    folder.mkdir(parents=True, exist_ok=True)
    client = Client(Policy(timeout=5, retry_delay=0, allowed_private_hosts=frozenset({allowed})))
    stream = Stream(url, kind, "direct", {"User-Agent": "tests"})
    try:
        with Control(leased_item()) as control:
            yield Job(stream, client, folder, control, connections, "best", folder)
    finally:
        client.close()
