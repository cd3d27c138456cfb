"""NFO files as Kodi and Jellyfin document them (docs/metadata.md names field by field and source): text to text. Pure.

A file of ours begins with a mark that holds the digest of the rest. A file without it, or whose rest was changed since,
belongs to whoever wrote it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from library.metadata.records import LARGEST_ID, NO_IDS, Actor, Ids, imdb_id

# Bytes of a file that somebody else wrote; more is not read.
LIMIT = 1024 * 1024
_LONGEST_TEXT = 20_000
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MARK = re.compile(rb"\A<\?xml[^>]*\?>\n<!-- Aniworld ([0-9a-f]{64}) -->\n")
_TMDB_LINK = re.compile(r"themoviedb\.org/tv/(\d{1,10})")
_TVDB_LINK = re.compile(r"thetvdb\.com/(?:\?[^\s<>]*?\bid=|series/|dereferrer/series/)(\d{1,10})")
_IMDB_LINK = re.compile(r"imdb\.com/title/(tt\d{5,12})")


@dataclass(frozen=True, slots=True)
class TvShow:
    """What stands in a `tvshow.nfo`; empty and None are left out. `seasons` are their names by number."""

    title: str
    ids: Ids = NO_IDS
    original_title: str = ""
    plot: str = ""
    premiered: date | None = None
    year: int | None = None
    is_over: bool | None = None
    genres: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    certification: str = ""
    rating: float | None = None
    votes: int = 0
    actors: tuple[Actor, ...] = ()
    seasons: dict[int, str] = field(default_factory=dict)
    logo_address: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeDetails:
    """What stands in the NFO of an episode. `runtime` is in minutes."""

    title: str
    show_title: str
    season: int
    episode: int
    plot: str = ""
    aired: date | None = None
    runtime: int | None = None
    tmdb_id: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What a file tells that helps to know the series: its ids, and its title and year."""

    ids: Ids = NO_IDS
    title: str = ""
    year: int | None = None


def clean(text: str) -> str:
    """Without what XML 1.0 forbids (https://www.w3.org/TR/xml/#charsets); line ends as XML reads them."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:_LONGEST_TEXT]


def tvshow(show: TvShow) -> bytes:
    """The content of a `tvshow.nfo`."""
    root = Element("tvshow")
    _add(root, "title", show.title)
    _add(root, "originaltitle", show.original_title)
    _add(root, "plot", show.plot)
    _add(root, "premiered", show.premiered)
    _add(root, "year", show.premiered.year if show.premiered else show.year)
    if show.is_over is not None:
        _add(root, "status", "Ended" if show.is_over else "Continuing")
    _add(root, "mpaa", show.certification)
    _add_all(root, "genre", show.genres)
    _add_all(root, "studio", show.studios)
    _add_rating(root, show.rating, show.votes)
    _add_ids(root, show.ids)
    _add_guide(root, show.ids)
    for number, name in sorted(show.seasons.items()):
        _add(root, "namedseason", name, number=str(number))
    _add(root, "thumb", show.logo_address, aspect="clearlogo")
    for order, actor in enumerate(show.actors):
        _add_actor(root, actor, order)
    return _written(root)


def episode(details: EpisodeDetails) -> bytes:
    """The content of the NFO beside an episode's video."""
    root = Element("episodedetails")
    _add(root, "title", details.title or f"Episode {details.episode}")
    _add(root, "showtitle", details.show_title)
    _add(root, "season", details.season)
    _add(root, "episode", details.episode)
    _add(root, "plot", details.plot)
    _add(root, "aired", details.aired)
    _add(root, "runtime", details.runtime)
    if details.tmdb_id:
        _add(root, "uniqueid", details.tmdb_id, type="tmdb", default="true")
    return _written(root)


def is_ours(content: bytes) -> bool:
    """Whether this program wrote it and nobody changed it since."""
    mark = _MARK.match(content)
    return mark is not None and mark[1].decode() == hashlib.sha256(content[mark.end() :]).hexdigest()


def read(content: bytes) -> Read:
    """What is understood of a file of anybody's, which may also be a mere link, or have one behind its XML.

    Nothing that is in it makes this fail, reach for another file, or grow.
    """
    if len(content) > LIMIT:
        return Read()
    text = content.decode("utf-8", "replace")
    root = _root(content)
    linked = Ids(_number(_found(_TMDB_LINK, text)), _number(_found(_TVDB_LINK, text)), _found(_IMDB_LINK, text))
    if root is None or root.tag != "tvshow":
        return Read(linked)
    named = _named_ids(root)
    ids = Ids(named.tmdb or linked.tmdb, named.tvdb or linked.tvdb, named.imdb or linked.imdb)
    year = _number((root.findtext("year") or root.findtext("premiered") or "")[:4])
    return Read(ids, " ".join((root.findtext("title") or "").split())[:500], year)


def _root(content: bytes) -> Element | None:
    end = content.find(b"</tvshow>")
    for part in (content, content[: end + len(b"</tvshow>")] if end >= 0 else b""):
        try:
            root: Element = defusedxml.ElementTree.fromstring(part, forbid_dtd=True)
        except (SyntaxError, DefusedXmlException, LookupError, ValueError):
            continue
        return root
    return None


def _named_ids(root: Element) -> Ids:
    """The ids as Kodi names them now, and as it and others did before."""
    found = {node.get("type", "").lower(): (node.text or "").strip() for node in root.findall("uniqueid")}
    old = {name: (root.findtext(name) or "").strip() for name in ("tmdbid", "tvdbid", "imdbid", "imdb_id", "id")}
    imdb = next((imdb_id(text) for text in (found.get("imdb"), *old.values()) if imdb_id(text)), "")
    tmdb = _number(found.get("tmdb", "")) or _number(old["tmdbid"])
    return Ids(tmdb, _number(found.get("tvdb", "")) or _number(old["tvdbid"]), imdb)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return number if 0 < number <= LARGEST_ID else None


def _add(parent: Element, tag: str, value: object, **attributes: str) -> None:
    if value is None or value == "":
        return
    text = clean(str(value)).strip()
    if text:
        SubElement(parent, tag, attributes).text = text


def _add_all(parent: Element, tag: str, values: Iterable[str]) -> None:
    for value in values:
        _add(parent, tag, value)


def _add_rating(root: Element, rating: float | None, votes: int) -> None:
    if rating is None:
        return
    place = SubElement(SubElement(root, "ratings"), "rating", {"name": "themoviedb", "max": "10", "default": "true"})
    _add(place, "value", f"{rating:.1f}")
    _add(place, "votes", votes)


def _add_ids(root: Element, ids: Ids) -> None:
    """The first one is the default, as Kodi wants exactly one."""
    named = [("tmdb", ids.tmdb), ("tvdb", ids.tvdb), ("imdb", ids.imdb)]
    for position, (kind, value) in enumerate([pair for pair in named if pair[1]]):
        extra = {"default": "true"} if position == 0 else {}
        _add(root, "uniqueid", value, type=kind, **extra)


def _add_guide(root: Element, ids: Ids) -> None:
    """Where Kodi's scrapers find the episodes that have no NFO; JSON since Kodi 19."""
    named = {"tmdb": ids.tmdb, "tvdb": ids.tvdb, "imdb": ids.imdb}
    known = {kind: str(value) for kind, value in named.items() if value}
    if known:
        _add(root, "episodeguide", json.dumps(known))


def _add_actor(root: Element, actor: Actor, order: int) -> None:
    place = SubElement(root, "actor")
    _add(place, "name", actor.name)
    _add(place, "role", actor.role)
    _add(place, "order", order)
    _add(place, "thumb", actor.picture)


def _written(root: Element) -> bytes:
    indent(root)
    body = tostring(root, encoding="unicode").encode() + b"\n"
    mark = f"<!-- Aniworld {hashlib.sha256(body).hexdigest()} -->\n".encode()
    return _DECLARATION + mark + body
