"""Reads HLS playlists (RFC 8216) from text that was fetched through the guard; opens nothing by itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlsplit

import m3u8

from providers.exceptions import WrongContent

MOST_SEGMENTS = 20_000
_QUALITIES = {"1080p": 1080, "720p": 720, "480p": 480, "360p": 360}


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of bytes behind an address; the whole of it without `length`."""

    url: str
    offset: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment in order. `iv` is 16 bytes; `group` grows with each discontinuity or new init section."""

    index: int
    piece: Piece
    duration: float
    key_url: str | None
    iv: bytes
    init: Piece | None
    group: int


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """A finished list of segments."""

    segments: tuple[Segment, ...]

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(segment.duration for segment in self.segments)

    @property
    def identity(self) -> str:
        """Tells whether segments on disk belong to this very list.

        Only the last part of each address counts: hosts put signatures into the query and into the path before.
        """
        digest = hashlib.sha256()
        for segment in self.segments:
            name = urlsplit(segment.piece.url).path.rpartition("/")[2]
            digest.update(f"{name}|{segment.piece.offset}|{segment.piece.length}|{segment.duration}\n".encode())
        return digest.hexdigest()


def variant_of(text: str, url: str, quality: str) -> str | None:
    """The address of the variant to take from a master playlist, or None when it lists segments itself.

    `quality` is best or a height such as 720p: the best at or below it, else the smallest above.
    """
    playlist = _parse(text, url)
    if not playlist.is_variant:
        return None
    variants = sorted(
        ((_height(entry), entry.stream_info.bandwidth or 0, entry.absolute_uri) for entry in playlist.playlists),
        key=lambda variant: variant[:2],
    )
    if not variants:
        raise WrongContent("The master playlist lists no variant.")
    wanted = _QUALITIES.get(quality)
    fitting = [variant for variant in variants if wanted is None or variant[0] <= wanted]
    return _checked((fitting[-1] if fitting else variants[0])[2])


def media_playlist(text: str, url: str) -> MediaPlaylist:
    """The segments of a media playlist. Raises `WrongContent` for live, foreign-keyed, empty or oversized ones."""
    playlist = _parse(text, url)
    if not playlist.is_endlist:
        raise WrongContent("The playlist has no end: live streams are not downloaded.")
    if not 0 < len(playlist.segments) <= MOST_SEGMENTS:
        raise WrongContent(f"The playlist has {len(playlist.segments)} segments; 1 to {MOST_SEGMENTS} are accepted.")
    return MediaPlaylist(tuple(_segments(playlist)))


def _segments(playlist: m3u8.M3U8) -> list[Segment]:
    segments: list[Segment] = []
    group, init, ends = 0, None, dict[str, int]()
    for index, entry in enumerate(playlist.segments):
        new_init = _piece(entry.init_section, ends) if entry.init_section else None
        if index and (entry.discontinuity or new_init != init):
            group += 1
        init = new_init
        key_url, iv = _key(entry, (playlist.media_sequence or 0) + index)
        segments.append(
            Segment(index, _piece(entry, ends), float(entry.duration or 0), key_url, iv, init, group),
        )
    return segments


def _key(entry: m3u8.Segment, sequence: int) -> tuple[str | None, bytes]:
    key = entry.key
    if key is None or key.method in (None, "NONE"):
        return None, b""
    if key.method != "AES-128" or key.keyformat not in (None, "identity"):
        raise WrongContent(f"The stream is protected ({key.method}); only AES-128 with a plain key is read.")
    # Without an IV it is the segment's sequence number (RFC 8216, 5.2).
    iv = int(key.iv, 16) if key.iv else sequence
    return _checked(key.absolute_uri), iv.to_bytes(16, "big")


def _piece(entry: m3u8.Segment, ends: dict[str, int]) -> Piece:
    url = _checked(entry.absolute_uri)
    if not entry.byterange:
        return Piece(url)
    length, _at, start = entry.byterange.partition("@")
    # Without an offset the range begins where the one before of the same resource ended.
    offset = int(start) if start else ends.get(url, 0)
    ends[url] = offset + int(length)
    return Piece(url, offset, int(length))


def _parse(text: str, url: str) -> m3u8.M3U8:
    if "#EXTM3U" not in text[:200]:
        raise WrongContent("What should be a playlist does not begin like one.")
    try:
        return m3u8.loads(text, uri=url)
    except Exception as error:
        # The parser answers hostile text with whatever its code runs into.
        raise WrongContent(f"The playlist can't be read ({type(error).__name__}).") from error


def _height(entry: m3u8.Playlist) -> int:
    resolution = entry.stream_info.resolution
    return int(resolution[1]) if resolution else 0


def _checked(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise WrongContent("The playlist names an address that is neither http nor https.")
    return url
