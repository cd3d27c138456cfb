"""Reads what yt-dlp lists: a playlist, a channel, a feed or one video as a series with episodes. Pure.

yt-dlp's fields: https://github.com/yt-dlp/yt-dlp, `extractor/common.py`. Every value may be missing or of another type,
for a site can put anything there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from providers.catalogues.pages import clean
from providers.exceptions import PageNotUnderstood, TooLarge

MOST_SEASONS = 30
_LISTS = ("playlist", "multi_video")
# Extractors whose entries are lists of their own, such as the tabs of a channel.
_LISTING_EXTRACTOR = re.compile(r"(?:Tab|Playlist|Channel|User|Season|Series|Album|Show|Feed)(?:IE)?$")
_LISTING_PATH = re.compile(r"/(?:playlists?|channel|user|videos|shorts|streams|season|album)(?:/|$|\?)", re.IGNORECASE)
# Sites list a channel's uploads with the newest first, and so do feeds.
_NEWEST_FIRST = re.compile(
    r"/(?:videos|shorts|streams|uploads|featured)/?$|/(?:channel|user|c)/[^/]+/?$|/@[^/]+/?$|rss|feed|atom",
    re.IGNORECASE,
)
_UNFIT = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Video:
    """One entry. `is_file`: the link leads to the video itself and not to a page around it."""

    title: str
    link: str
    moment: float | None
    number: int | None
    is_file: bool = False


def videos(found: Mapping[str, Any], most: int) -> list[Video]:
    """The entries in the order in which they count: by their own numbers or dates, else as listed.

    What is listed with the newest first is turned round, so that what comes new gets the next number.
    Raises `TooLarge` for more than `most`.
    """
    listed = _entries(found)
    if len(listed) > most:
        raise TooLarge(f"The list has more than {most} videos.")
    if not listed and found.get("_type") not in _LISTS:
        listed = [found]
    read = [video for entry in listed if (video := _video(entry))]
    unique = list({video.link: video for video in reversed(read)}.values())[::-1]
    if unique and all(video.moment is not None for video in unique):
        return sorted(unique, key=lambda video: video.moment or 0)
    return unique[::-1] if _is_newest_first(found) else unique


def numbered(found: Sequence[Video]) -> list[tuple[int, Video]]:
    """Each with its number: their own where all have one and no two the same, else their place in the order."""
    own = [video.number for video in found]
    if own and all(own) and len(set(own)) == len(own):
        return sorted(((video.number or 0, video) for video in found), key=lambda pair: pair[0])
    return list(enumerate(found, start=1))


def seasons(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Title and link of each list that the list holds; empty where it holds videos."""
    listed = _entries(found)
    inner = [entry for entry in listed if _is_list(entry)]
    if not inner or len(inner) < len(listed):
        return []
    named = [(_line(entry, "title"), _link(entry)) for entry in inner[:MOST_SEASONS]]
    return [(title, link) for title, link in named if link]


def text(found: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that says something."""
    return next((line for name in names if (line := _line(found, name))), "")


def cover(found: Mapping[str, Any]) -> str:
    """The largest picture, which yt-dlp lists last."""
    listed = found.get("thumbnails")
    several = listed[-20:] if isinstance(listed, list) else []
    pictures = [address(one.get("url")) for one in several if isinstance(one, dict)]
    return next((link for link in reversed(pictures) if link), address(found.get("thumbnail")))


def year(found: Sequence[Video]) -> int | None:
    """Of the oldest one, where its date is known."""
    moments = [video.moment for video in found if video.moment is not None]
    return datetime.fromtimestamp(min(moments), UTC).year if moments else None


def key_of(link: str) -> str:
    """A key from an address: readable, with a digest of the whole, since its query may be what tells lists apart."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return ""
    words = [*parts.path.split("/")[-2:], *(value for _name, value in parse_qsl(parts.query)[:2])]
    readable = _UNFIT.sub("-", " ".join(words).lower()).strip("-")[:60]
    host = parts.netloc.lower().removeprefix("www.")
    digest = hashlib.sha256(f"{host}{parts.path.rstrip('/')}?{parts.query}".encode(errors="replace")).hexdigest()[:10]
    return f"{readable}-{digest}" if readable else digest


def _entries(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of a list, with those of lists that are inside it already."""
    listed = found.get("entries")
    if listed is not None and not isinstance(listed, list):
        raise PageNotUnderstood("yt-dlp was expected to list entries.")
    entries: list[Mapping[str, Any]] = []
    for entry in listed or ():
        inner = entry.get("entries") if isinstance(entry, dict) else None
        if isinstance(inner, list):
            entries += [one for one in inner if isinstance(one, dict)]
        elif isinstance(entry, dict):
            entries.append(entry)
    return entries


def _video(entry: Mapping[str, Any]) -> Video | None:
    # Where the entry's page is that of the whole list, it does not tell the entry from the others.
    is_file = "formats" in entry and entry.get("webpage_url") == entry.get("playlist_webpage_url")
    link = _best_format(entry) if is_file else _link(entry)
    if not link:
        return None
    title = _line(entry, "title") or _line(entry, "id")
    return Video(title, link, _moment(entry), _number(entry, "episode_number"), is_file)


def _link(entry: Mapping[str, Any]) -> str:
    if str(entry.get("_type") or "video") in ("url", "url_transparent", *_LISTS):
        return address(entry.get("url")) or address(entry.get("webpage_url"))
    return address(entry.get("webpage_url")) or address(entry.get("url"))


def _best_format(entry: Mapping[str, Any]) -> str:
    """yt-dlp lists the best one last."""
    listed = entry.get("formats")
    several = listed[-50:] if isinstance(listed, list) else []
    links = [address(one.get("url")) for one in several if isinstance(one, dict)]
    return next((link for link in reversed(links) if link), address(entry.get("url")))


def _is_list(entry: Mapping[str, Any]) -> bool:
    if entry.get("_type") in _LISTS:
        return True
    if str(entry.get("_type") or "") not in ("url", "url_transparent"):
        return False
    extractor = entry.get("ie_key")
    if isinstance(extractor, str) and extractor not in ("Generic", ""):
        return _LISTING_EXTRACTOR.search(extractor) is not None
    return extractor is None and _LISTING_PATH.search(urlsplit(_link(entry)).path) is not None


def _is_newest_first(found: Mapping[str, Any]) -> bool:
    place = address(found.get("webpage_url")) or address(found.get("original_url"))
    return bool(place) and _NEWEST_FIRST.search(urlsplit(place).path) is not None


def _moment(entry: Mapping[str, Any]) -> float | None:
    for name in ("timestamp", "release_timestamp"):
        value = entry.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 32_503_680_000:
            return float(value)
    day = entry.get("upload_date")
    try:
        return datetime.strptime(str(day), "%Y%m%d").replace(tzinfo=UTC).timestamp() if day else None
    except ValueError:
        return None


def _number(entry: Mapping[str, Any], name: str) -> int | None:
    value = entry.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000 else None


def _line(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return clean(value) if isinstance(value, str) else ""


def address(value: Any) -> str:
    """An http address, or nothing."""
    if not isinstance(value, str) or len(value) > 1000 or not value.isprintable() or " " in value:
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.hostname else ""
