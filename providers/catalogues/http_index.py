"""A web server's own listing of folders: Apache, nginx (HTML and JSON), lighttpd, Caddy and the like."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from providers.catalogues.folders import MOST_ENTRIES, FolderCatalogue, Node, Segments, bounded
from providers.catalogues.pages import json_of, parse
from providers.exceptions import AddressRefused, PageNotUnderstood
from providers.http import Page
from providers.http.answers import shown


class HttpIndex(FolderCatalogue):
    """Each folder of the address is a series, its files the episodes."""

    name = "http-index"
    display_name = "HTTP index"
    host = "direct"

    def __init__(self, address: str, client: Any) -> None:
        super().__init__(address, client)
        self._known: dict[Segments, list[Node]] = {}

    @property
    def root(self) -> str:
        """The address."""
        return f"{self.address}/"

    def listing(self, segments: Segments) -> list[Node]:
        """Reads a folder's page, once."""
        if segments not in self._known:
            self._known[segments] = self._read(self.link_of(segments))
        return self._known[segments]

    def check(self) -> None:
        """Reads the root."""
        self._read(self.root)

    def _read(self, place: str) -> list[Node]:
        page = self.client.get(place, headers={"Accept": "text/html, application/json;q=0.9, */*;q=0.1"})
        if not page.url.partition("?")[0].startswith(place):
            raise AddressRefused(f"{shown(place)} leads elsewhere, to {shown(page.url)}.")
        return bounded(listed(page, place), place)


def listed(page: Page, place: str) -> list[Node]:
    """The names on a listing, in its order. Raises `PageNotUnderstood` for a page that is none."""
    if page.content_type == "application/json" or page.content[:1] == b"[":
        return _of_json(json_of(page.text), place)
    return _of_html(page.text, place)


def _of_json(found: Any, place: str) -> list[Node]:
    """nginx says `type`, Caddy `is_dir`."""
    if not isinstance(found, list):
        raise PageNotUnderstood(f"{shown(place)} was expected to answer with a list of names.")
    nodes = []
    for entry in found[: MOST_ENTRIES + 1]:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _is_name(name.rstrip("/")):
            continue
        is_folder = entry.get("type") == "directory" or entry.get("is_dir") is True or name.endswith("/")
        nodes.append(Node(name.rstrip("/"), is_folder))
    return nodes


def _of_html(text: str, place: str) -> list[Node]:
    """The links to what lies directly below; those that sort, and the one to the folder above, are none."""
    own = urlsplit(place)
    found: dict[str, Node] = {}
    anchors = parse(text).css("a[href]")
    for anchor in anchors:
        try:
            target = urlsplit(urljoin(place, str(anchor.attributes.get("href") or "")))
        except ValueError:
            continue
        if (target.scheme, target.netloc) != (own.scheme, own.netloc) or target.query:
            continue
        # Servers escape more or fewer characters than we do.
        path, base = unquote(target.path), unquote(own.path)
        below = path[len(base) :] if path.startswith(base) else ""
        name = below.rstrip("/")
        if _is_name(name):
            found.setdefault(name, Node(name, below.endswith("/")))
    if not anchors:
        raise PageNotUnderstood(f"{shown(place)} was expected to list files as links.")
    return list(found.values())


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..") and not any(one in name for one in "/\\\0") and name.isprintable()
