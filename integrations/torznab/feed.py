"""The XML of an indexer: what it can do, items, and errors. http://torznab.com/schemas/2015/feed"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from django.utils import timezone

from integrations.torznab.offers import Offer
from integrations.torznab.query import MOST_ITEMS

TORZNAB = "http://torznab.com/schemas/2015/feed"
NEWZNAB = "http://www.newznab.com/DTD/2010/feeds/attributes/"
ATOM = "http://www.w3.org/2005/Atom"
LINK_TYPE = "application/x-bittorrent;x-scheme-handler/magnet"
_PARAMETERS = "q,season,ep,tvdbid,tmdbid,imdbid"
# https://www.w3.org/TR/xml/#charsets
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

for _prefix, _space in (("torznab", TORZNAB), ("newznab", NEWZNAB), ("atom", ATOM)):
    register_namespace(_prefix, _space)


def capabilities(title: str) -> bytes:
    """What can be asked for. The other side keeps it for days."""
    root = Element("caps")
    SubElement(root, "server", version="1.3", title=clean(title))
    SubElement(root, "limits", max=str(MOST_ITEMS), default=str(MOST_ITEMS))
    SubElement(root, "registration", available="no", open="no")
    searching = SubElement(root, "searching")
    SubElement(searching, "search", available="yes", supportedParams=_PARAMETERS)
    SubElement(searching, "tv-search", available="yes", supportedParams=_PARAMETERS)
    for name in ("movie-search", "music-search", "audio-search", "book-search"):
        SubElement(searching, name, available="no", supportedParams="q")
    categories = SubElement(root, "categories")
    SubElement(categories, "category", id="2000", name="Movies")
    series = SubElement(categories, "category", id="5000", name="TV")
    for number, name in (("5030", "TV/SD"), ("5040", "TV/HD"), ("5070", "TV/Anime")):
        SubElement(series, "subcat", id=number, name=name)
    return _whole(root)


def items(offers: Iterable[Offer], *, title: str, address: str, offset: int, total: int) -> bytes:
    """The feed. `address` is that of the site."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _text(channel, "title", title)
    _text(channel, "description", "Torznab")
    _text(channel, "link", address)
    SubElement(channel, f"{{{NEWZNAB}}}response", offset=str(offset), total=str(total))
    for offer in offers:
        _item(channel, offer)
    return _whole(root)


def error(code: int, description: str) -> bytes:
    """An error as indexers tell one: 100 to 199 are about the key."""
    return _whole(Element("error", code=str(code), description=clean(description)))


def clean(text: str) -> str:
    """Without what XML 1.0 forbids."""
    return _FORBIDDEN.sub("", text)


def _item(channel: Element, offer: Offer) -> None:
    release, item = offer.release, SubElement(channel, "item")
    magnet = release.magnet(offer.size)
    _text(item, "title", release.title)
    guid = SubElement(item, "guid", isPermaLink="false")
    guid.text = f"aniworld:{release.info_hash}"
    _text(item, "pubDate", format_datetime(min(offer.published, timezone.now())))
    _text(item, "size", str(offer.size))
    _text(item, "link", magnet)
    for category in offer.categories:
        _text(item, "category", str(category))
    SubElement(item, "enclosure", url=clean(magnet), length=str(offer.size), type=LINK_TYPE)
    for name, value in _attributes(offer, magnet):
        if value:
            SubElement(item, f"{{{TORZNAB}}}attr", name=name, value=clean(value))


def _attributes(offer: Offer, magnet: str) -> list[tuple[str, str]]:
    release = offer.release
    spoken = {"deu": "German", "eng": "English", "jpn": "Japanese"}[release.language.audio]
    subtitles = release.language.value.split()[0] if release.language.audio == "jpn" else ""
    return [
        *(("category", str(category)) for category in offer.categories),
        ("size", str(offer.size)),
        ("infohash", release.info_hash),
        ("magneturl", magnet),
        ("seeders", str(offer.seeders)),
        ("peers", str(offer.seeders)),
        ("language", spoken),
        ("subs", subtitles),
        ("season", str(release.season)),
        ("episode", "" if release.episode is None else str(release.named or release.episode)),
        ("tvdbid", str(offer.tvdb_id or "")),
        ("tmdbid", str(offer.tmdb_id or "")),
        ("imdb", offer.imdb_id.removeprefix("tt")),
        ("downloadvolumefactor", "0"),
        ("uploadvolumefactor", "1"),
    ]


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = clean(text)


def _whole(root: Element) -> bytes:
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body
