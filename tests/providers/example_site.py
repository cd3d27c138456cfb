"""The site that the example package reads: a catalogue in JSON, its host's pages and one video, on loopback."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SLUG, NAME, YEAR = "the-long-way", "The Long Way", 2019


@dataclass
class ExampleSite:
    """`answers` replaces what stands at a path; `asked` are the paths in order."""

    video: bytes
    address: str = ""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, query: str) -> tuple[int, str, bytes]:
        if path in self.answers:
            status, body = self.answers[path]
            return status, "text/html" if body.startswith(b"<") else "application/json", body
        if path == "/video.mp4":
            return 200, "video/mp4", self.video
        if path.startswith("/watch/"):
            return 200, "text/html", b'<html><body><video controls src="/video.mp4"></video></body></html>'
        found = self._catalogue(path, query)
        return (404, "text/html", b"<h1>Gone</h1>") if found is None else (200, "application/json", _json(found))

    def _catalogue(self, path: str, query: str) -> Any:
        if path == "/":
            return {}
        if path == "/api/search":
            row = {"slug": SLUG, "name": NAME, "year": YEAR}
            return [row] if query.lower() in NAME.lower() else []
        if path == f"/api/series/{SLUG}":
            return {"name": NAME, "year": YEAR, "about": "Two people walk.", "seasons": [1]}
        if path == f"/api/series/{SLUG}/1":
            return [{"number": number, "title": f"Day {number}"} for number in (1, 2)]
        if number := re.fullmatch(rf"/api/series/{SLUG}/1/([12])", path):
            page = f"{self.address}/watch/{number[1]}"
            videos = [{"language": "de", "page": page}, {"language": "fr", "page": page}]
            return {"title": f"Day {number[1]}", "videos": videos}
        if path == "/api/new":
            return [{"slug": SLUG, "name": NAME, "season": 1, "number": 2, "language": "de"}]
        return None


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@contextmanager
def example_site(video: bytes) -> Iterator[ExampleSite]:
    site = ExampleSite(video)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            site.asked.append(parts.path)
            status, kind, body = site.answer(parts.path, parse_qs(parts.query).get("q", [""])[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
