"""What Sonarr does, call by call, as its source has it: the indexer's requests and those of the download client."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import requests
from django.test import Client
from django.test.client import ClientHandler

from tests.library.factories import queries_of
from tests.running import Running

TORZNAB = "{http://torznab.com/schemas/2015/feed}attr"
# One for all tests of a process: each new one would load the middleware, and look for all static files, anew.
_handler = ClientHandler(enforce_csrf_checks=True)
SETTINGS = {"integrations": {"torznab_enabled": True, "qbittorrent_enabled": True}}


@dataclass(frozen=True)
class Item:
    """A release of a feed."""

    title: str
    info_hash: str
    magnet: str
    size: int
    attributes: dict[str, str]
    published: str


def items_of(text: str) -> list[Item]:
    """Those of a feed. Fails on an error."""
    root = defusedxml.ElementTree.fromstring(text)
    assert root.tag == "rss", text
    return [_item(element) for element in root.iter("item")]


def error_of(text: str) -> tuple[int, str]:
    """Code and description of an error."""
    root = defusedxml.ElementTree.fromstring(text)
    assert root.tag == "error", text
    return int(root.attrib["code"]), root.attrib["description"]


def _item(element: Element) -> Item:
    values = {one.attrib["name"]: one.attrib["value"] for one in element.iter(TORZNAB)}
    enclosure = element.find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib["type"] == "application/x-bittorrent;x-scheme-handler/magnet"
    assert enclosure.attrib["url"] == values["magneturl"]
    texts = {name: element.findtext(name) or "" for name in ("title", "guid", "pubDate")}
    assert texts["guid"]
    return Item(texts["title"], values["infohash"], values["magneturl"], int(values["size"]), values, texts["pubDate"])


def fewest(work: Callable[[], object]) -> int:
    """How many queries it takes, without what is done now and then: configuration read anew, use of a key noted."""
    return min(queries_of(work) for _try in range(3))


def caller() -> Client:
    """A client without cookies, which calls the product in this process."""
    client = Client(enforce_csrf_checks=True, HTTP_HOST="testserver")
    client.handler = _handler
    return client


class Sonarr:
    """Its indexer and its download client, both set up with one API key."""

    def __init__(self, up: Running, key: str, category: str = "tv-sonarr") -> None:
        self.url = up.url
        self.key = key
        self.category = category
        self.http = requests.Session()

    # The indexer

    def ask(self, **parameters: Any) -> str:
        """One request to the indexer."""
        values = {"apikey": self.key, **parameters}
        answer = self.http.get(f"{self.url}/integrations/torznab/api", params=values, timeout=20)
        assert answer.status_code == 200, answer.text
        assert "xml" in answer.headers["Content-Type"]
        return answer.text

    def search(self, **parameters: Any) -> list[Item]:
        """The releases of a search."""
        values = {"t": "tvsearch", "cat": "5030,5040", "extended": 1, "offset": 0, "limit": 100, **parameters}
        return items_of(self.ask(**values))

    # The download client

    def call(self, name: str, *, status: int = 200, **form: Any) -> requests.Response:
        """One call; with a form by POST."""
        address = f"{self.url}/integrations/qbittorrent/api/v2/{name}"
        answer = self.http.post(address, data=form, timeout=20) if form else self.http.get(address, timeout=20)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text[:500]}"
        return answer

    def log_in(self) -> None:
        """As the proxy for v2 does it: the version is asked for before, and 403 means that there is a login."""
        assert self.call("app/webapiVersion", status=403).text
        assert self.call("auth/login", username="apikey", password=self.key).text == "Ok."
        assert self.http.cookies["SID"]

    def test_client(self) -> None:
        """The button “Test” of a download client."""
        version = self.call("app/webapiVersion").text
        assert re.fullmatch(r"2\.11\.\d+", version)
        config = self.call("app/preferences").json()
        assert not config["max_ratio_enabled"]
        assert not config["max_seeding_time_enabled"]
        assert config["queueing_enabled"]
        assert config["dht"]
        if self.category not in self.call("torrents/categories").json():
            self.call("torrents/createCategory", category=self.category)
            assert self.category in self.call("torrents/categories").json()
        self.call(f"torrents/info?category={self.category}")

    def grab(self, item: Item) -> None:
        """Adds the magnet, and sees whether it is there: up to ten times, a tenth of a second apart."""
        form: dict[str, Any] = {"urls": item.magnet, "category": self.category, "stopped": "false"}
        assert self.call("torrents/add", **form).text == "Ok."
        for _try in range(10):
            answer = self.http.get(
                f"{self.url}/integrations/qbittorrent/api/v2/torrents/properties?hash={item.info_hash}", timeout=20
            )
            if answer.ok:
                return
            time.sleep(0.1)
        raise AssertionError(f"{item.title} was not added")

    def queue(self) -> dict[str, dict[str, Any]]:
        """What it shows under Activity, by hash."""
        rows = self.call(f"torrents/info?category={self.category}").json()
        return {row["hash"]: row for row in rows}
