"""A real HTTP server that other systems are played by: it keeps each request whole, and answers as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = tuple[int, dict[str, str], bytes]


def plain(_request: Received) -> Answer:
    return 200, {}, b"ok"


class Receiver(ThreadingHTTPServer):
    """`answer` says what is answered; `fault` is "", "silent" (never answers) or "endless" (a body without end)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = plain
        self.fault = ""
        self.is_over = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def go_away(self) -> None:
        """Nobody listens there any more. The loop first: while it waits, the system still takes connections."""
        self.shutdown()
        self.server_close()

    def of(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Received(self.command, self.path, dict(self.headers.items()), body)
        self.server.received.append(request)
        if self.server.fault == "silent":
            self.server.is_over.wait()
            return
        status, headers, content = self.server.answer(request)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.server.fault == "endless":
            self.end_headers()
            self._pour()
            return
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _pour(self) -> None:
        self.close_connection = True
        try:
            while not self.server.is_over.wait(0.2):
                self.wfile.write(b"x")
        except OSError:
            pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_over.set()
        server.go_away()


def jellyfin(request: Received) -> Answer:
    if request.path == "/System/Info":
        return _json({"ServerName": "Living Room", "Version": "10.10.3"})
    return 204, {}, b""


def plex(*folders: str) -> Callable[[Received], Answer]:
    """A Plex with two libraries; the second has these folders."""

    def answer(request: Received) -> Answer:
        if request.path == "/library/sections":
            places = [{"id": number, "path": folder} for number, folder in enumerate(folders)]
            films = {"key": "1", "type": "movie", "title": "Films", "Location": [{"id": 9, "path": "/films"}]}
            shows = {"key": "2", "type": "show", "title": "Series", "Location": places}
            return _json({"MediaContainer": {"Directory": [films, shows]}})
        return 200, {}, b""

    return answer


def kodi(request: Received) -> Answer:
    call = request.json
    if call["method"] == "Application.GetProperties":
        return _json({"id": 1, "jsonrpc": "2.0", "result": {"name": "Kodi", "version": {"major": 21}}})
    return _json({"id": 1, "jsonrpc": "2.0", "result": "OK"})


def _json(value: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
