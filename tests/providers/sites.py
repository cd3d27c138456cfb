"""Small sites that speak as the Internet Archive, a web server's listing and a feed do; their answers made by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

Answer = tuple[int, str, bytes]
Page = Answer | Callable[[dict[str, list[str]]], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    pages: dict[str, Page]
    asked: list[str]
    tree: Path | None = None
    as_json = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.append(self.path)
        page = self.server.pages.get(unquote(parts.path))
        if page is None and self.server.tree:
            self._serve(self.server.tree, unquote(parts.path))
            return
        self._say(*(page(parse_qs(parts.query)) if callable(page) else page or (404, "text/plain", b"")))

    do_HEAD = do_GET  # noqa: N815 - named by the standard library

    def _serve(self, tree: Path, path: str) -> None:
        place = tree / path.strip("/")
        if place.is_dir():
            listed = _json_listing(place) if self.server.as_json else _html_listing(place, path)
            self._say(200, "application/json" if self.server.as_json else "text/html", listed)
        elif place.is_file():
            self._part(place.read_bytes(), "video/mp4" if place.suffix == ".mp4" else "image/jpeg")
        else:
            self._say(404, "text/plain", b"")

    def _part(self, body: bytes, content_type: str) -> None:
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if not asked:
            self._say(200, content_type, body)
            return
        first, _dash, last = asked.partition("-")
        end = min(len(body), int(last) + 1 if last else len(body))
        part = (f"bytes {first}-{end - 1}/{len(body)}",)
        self._say(206, content_type, body[int(first) : end], *part)

    def _say(self, status: int, content_type: str, body: bytes, content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Location" if status in (301, 302) else "Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{len(body)}"')
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _html_listing(place: Path, path: str) -> bytes:
    """As Apache's mod_autoindex writes it."""
    rows = ['<a href="?C=N;O=D">Name</a>', '<a href="../">Parent Directory</a>']
    rows += [
        f'<a href="{quote(one.name)}{"/" * one.is_dir()}">{one.name[:20]}..&gt;</a>' for one in sorted(place.iterdir())
    ]
    head = f"<html><head><title>Index of {path}</title></head><body><h1>Index of {path}</h1><pre>"
    return (head + "\n".join(rows) + "</pre></body></html>").encode()


def _json_listing(place: Path) -> bytes:
    """As nginx does with `autoindex_format json`."""
    rows = [
        {"name": one.name, "type": "directory" if one.is_dir() else "file", "mtime": "Mon, 01 Jan 2024 00:00:00 GMT"}
        for one in sorted(place.iterdir())
    ]
    return json.dumps(rows).encode()


class Serving:
    """A site: pages by path, or a tree of files with listings."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.port = server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.pages = server.pages
        self.asked = server.asked

    def tree(self, root: Path, *, as_json: bool = False) -> None:
        """Serves this tree with listings."""
        self._server.tree, self._server.as_json = root, as_json

    def json(self, path: str, value: Any) -> None:
        """An answer in JSON."""
        self.pages[path] = (200, "application/json", json.dumps(value).encode())


@contextmanager
def serving() -> Iterator[Serving]:
    """A running site without any page."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.pages, server.asked = {}, []
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Serving(server)
    finally:
        server.shutdown()
        server.server_close()


def archive(site: Serving) -> None:
    """An item with two originals and what was derived of them, a collection of two items, and what is not there."""
    files = [
        {"name": "Sea Show S01E01 Harbour.mkv", "source": "original", "format": "Matroska", "size": "900"},
        {"name": "Sea Show S01E01 Harbour.mp4", "source": "derivative", "format": "h.264",
         "original": "Sea Show S01E01 Harbour.mkv", "size": "500", "title": "The Harbour"},
        {"name": "Sea Show S01E02 (German Sub).mp4", "source": "original", "format": "h.264", "size": "600"},
        {"name": "Sea Show S01E03.mp4", "source": "original", "format": "h.264", "size": "600", "private": "true"},
        {"name": "../../escape S01E09.mp4", "source": "original", "format": "h.264", "size": "1"},
        {"name": "sea_meta.xml", "source": "original", "format": "Metadata"},
        "nonsense",
    ]  # fmt: skip
    told = {"identifier": "sea-show", "title": "Sea &amp; Show", "mediatype": "movies", "language": "ger",
            "description": ["<p>About the <b>sea</b></p>"], "date": "1961-05-01", "subject": "sea;ships"}  # fmt: skip
    site.json("/metadata/sea-show", {"metadata": told, "files": files, "server": "ia1.example", "dir": "/1"})
    site.json("/metadata/shorts", {"metadata": {"identifier": "shorts", "title": "Shorts", "mediatype": "collection"}})
    site.json("/metadata/nothing", {})
    site.json("/metadata/dark", {"is_dark": True, "metadata": {"identifier": "dark"}})
    lent = {"identifier": "lent", "mediatype": "movies", "access-restricted-item": "true"}
    site.json("/metadata/lent", {"metadata": lent, "files": files})
    one = [{"name": "film.mp4", "source": "original", "format": "h.264", "size": "10"}]
    site.json(
        "/metadata/short-a", {"metadata": {"identifier": "short-a", "title": "A", "mediatype": "movies"}, "files": one}
    )
    site.pages["/advancedsearch.php"] = _search


def _search(query: dict[str, list[str]]) -> Answer:
    asked = query.get("q", [""])[0]
    docs: list[Any] = [
        {
            "identifier": "sea-show",
            "title": "Sea & Show",
            "year": 1961,
            "mediatype": "movies",
            "description": ["About"],
        },
        {"identifier": "shorts", "title": "Sea shorts", "mediatype": "collection"},
        {"identifier": "../bad", "title": "Bad"},
        7,
    ]
    if asked.startswith("collection:"):
        docs = [
            {"identifier": "short-a", "title": "A", "date": "1920", "mediatype": "movies"},
            {"identifier": "short-b", "title": "B (German)", "date": "1921", "mediatype": "movies"},
        ]
    rows = int(query.get("rows", ["50"])[0])
    found = {"responseHeader": {"status": 0}, "response": {"numFound": len(docs), "start": 0, "docs": docs[:rows]}}
    return 200, "application/json", json.dumps(found).encode()


def feed(address: str) -> bytes:
    """Two videos, the newest first, as feeds have them."""
    item = "<item><title>{}</title><link>{}</link><pubDate>{}</pubDate></item>"
    items = [
        item.format("Second part", f"{address}/e2.mp4", "Tue, 02 Jan 2024 00:00:00 GMT"),
        item.format("First part", f"{address}/e1.mp4", "Mon, 01 Jan 2024 00:00:00 GMT"),
    ]
    head = (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Film club</title><description>Old films</description>'
    )
    return (head + "".join(items) + "</channel></rss>").encode()
