"""A small server that speaks Sonarr's API v3 as far as its series go."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    series: Any = ()
    redirect = ""
    asked: list[tuple[str, str]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        key = self.headers.get("X-Api-Key", "")
        self.server.asked.append((self.path, key))
        if self.server.redirect:
            self._say(302, b"", self.server.redirect)
        elif key != KEY:
            self._say(401, b'{"error": "Unauthorized"}')
        elif self.path == "/api/v3/series":
            self._say(200, json.dumps(self.server.series).encode())
        else:
            self._say(404, b'{"message": "NotFound"}')

    def _say(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class Sonarr:
    """The server; `series` is what it lists."""

    def __init__(self, server: _Server) -> None:
        self.server = server
        self.authority = f"127.0.0.1:{server.server_address[1]}"
        self.address = f"http://{self.authority}"


@contextmanager
def sonarr() -> Iterator[Sonarr]:
    """A running one without any series."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Sonarr(server)
    finally:
        server.shutdown()
        server.server_close()


def show(title: str, **values: Any) -> dict[str, Any]:
    """A series as Sonarr lists it; fields that nobody reads are left out."""
    fields = {"title": title, "sortTitle": title.lower(), "alternateTitles": [], "year": 0, "tvdbId": 0, "tvMazeId": 0}
    return {**fields, "monitored": True, "seasons": [], "path": f"/tv/{title}", **values}
