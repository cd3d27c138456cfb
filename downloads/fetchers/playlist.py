"""Reads HLS media playlists (RFC 8216) from text that was fetched through the guard; opens nothing by itself."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from downloads.fetchers.playlist_lines import address, attributes, byte_range, lines_of, whole_number
from providers.exceptions import WrongContent

MOST_SEGMENTS = 20_000
# Seconds: a day for one segment, two for all.
LONGEST_SEGMENT, LONGEST_PLAYLIST = 86_400, 172_800
_LARGEST_SEQUENCE = 2**63
_DURATION = re.compile(r"\s*(\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})\s*(?:,|$)", re.ASCII)
# How a path names the quality of what is below it.
_QUALITY = re.compile(r"(?<![0-9a-z])(?:\d{3,4}[pi]|\d{3,4}x\d{3,4})(?![0-9a-z])", re.ASCII | re.IGNORECASE)
_VECTOR = re.compile(r"0[xX]([0-9a-fA-F]{1,32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of bytes behind an address; the whole of it without `length`."""

    url: str
    offset: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Init:
    """An init section. With a key it may be encrypted; the vector is 16 bytes."""

    piece: Piece
    key_url: str | None = None
    iv: bytes = b""


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment in order. `iv` is 16 bytes; `group` grows with each discontinuity or new init section."""

    index: int
    piece: Piece
    duration: float
    key_url: str | None
    iv: bytes
    init: Init | None
    group: int


@dataclass(frozen=True)
class MediaPlaylist:
    """A finished list of segments. `variant`: what the master playlist says of it, where there is one."""

    segments: tuple[Segment, ...]
    variant: str = ""

    @cached_property
    def duration(self) -> float:
        """Seconds."""
        return sum(segment.duration for segment in self.segments)

    @cached_property
    def identity(self) -> str:
        """Tells whether segments on disk belong to this very list.

        Of each address only the last part counts, and what names a quality before it: hosts put signatures into the
        query and into the path, and name the segments of all qualities alike.
        """
        digest = hashlib.sha256(f"{self.variant}\n".encode())
        for segment in self.segments:
            init = segment.init and _told_by(segment.init.piece)
            digest.update(f"{_told_by(segment.piece)}|{segment.duration}|{init}\n".encode())
        return digest.hexdigest()


def _told_by(piece: Piece) -> str:
    """What of a piece is the same under another address of the same stream."""
    folder, _slash, name = urlsplit(piece.url).path.rpartition("/")
    return "|".join([*_QUALITY.findall(folder), name, str(piece.offset), str(piece.length)])


def media_playlist(text: str, url: str, variant: str = "") -> MediaPlaylist:
    """The segments of a media playlist. Raises `WrongContent` for live, foreign-keyed, empty or oversized ones."""
    reader = _Reader(url)
    for tag, value in lines_of(text):
        reader.take(tag, value)
    if not reader.segments:
        raise WrongContent(f"The playlist has 0 segments; 1 to {MOST_SEGMENTS} are accepted.")
    if not reader.has_end:
        raise WrongContent("The playlist has no end: live streams are not downloaded.")
    playlist = MediaPlaylist(tuple(reader.segments), variant)
    if playlist.duration > LONGEST_PLAYLIST:
        raise WrongContent(f"The playlist lists {playlist.duration / 3600:.0f} hours.")
    return playlist


@dataclass(frozen=True, slots=True)
class _Key:
    """An EXT-X-KEY. `url` None: a method that is not read."""

    method: str
    url: str | None
    iv: bytes | None


@dataclass
class _Reader:
    """What the lines so far say of the segments to come."""

    base: str
    segments: list[Segment] = field(default_factory=list)
    has_end: bool = False
    sequence: int = 0
    group: int = 0
    breaks: bool = False
    duration: float | None = None
    range_: tuple[int, int | None] | None = None
    # By format: a stream may be offered to several systems at once.
    keys: dict[str, _Key] = field(default_factory=dict)
    init: Init | None = None
    # Where the last range of each resource ended.
    ends: dict[str, int] = field(default_factory=dict)

    def take(self, tag: str, value: str) -> None:
        """The next line; a tag without meaning here is passed over."""
        if not tag:
            self._address(value)
        elif tag in _TAGS:
            _TAGS[tag](self, value)

    def extinf(self, value: str) -> None:
        match = _DURATION.match(value)
        seconds = float(match[1]) if match else -1.0
        if not 0 <= seconds <= LONGEST_SEGMENT:
            raise WrongContent(f"The playlist gives a segment a duration that can't be ({value[:20]}).")
        self.duration = seconds

    def byterange(self, value: str) -> None:
        self.range_ = byte_range(value)

    def key(self, value: str) -> None:
        given = attributes(value)
        method = given.get("METHOD", "").upper()
        if method == "NONE":
            self.keys.clear()
            return
        form = given.get("KEYFORMAT", "identity").lower()
        vector = _VECTOR.fullmatch(given["IV"]) if "IV" in given else None
        if "IV" in given and not vector:
            raise WrongContent("The playlist names a vector that is none.")
        is_read = method == "AES-128" and form == "identity"
        url = address(given.get("URI", ""), self.base) if is_read else None
        self.keys[form] = _Key(method, url, bytes.fromhex(vector[1].zfill(32)) if vector else None)
        if len(self.keys) > 16:
            raise WrongContent("The playlist names keys of too many formats.")

    def map(self, value: str) -> None:
        given = attributes(value)
        length, offset = byte_range(given["BYTERANGE"]) if "BYTERANGE" in given else (None, 0)
        key = self._key_now()
        # Without a vector of its own an init section is not encrypted: it has no sequence number (RFC 8216, 4.3.2.5).
        key_url, iv = (key.url, key.iv) if key and key.iv else (None, b"")
        init = Init(Piece(address(given.get("URI", ""), self.base), offset or 0, length), key_url, iv)
        if init != self.init:
            self.init, self.breaks = init, True

    def discontinuity(self, _value: str) -> None:
        self.breaks = True

    def media_sequence(self, value: str) -> None:
        self.sequence = whole_number(value, _LARGEST_SEQUENCE)

    def playlist_type(self, value: str) -> None:
        # Such a list never changes, whether or not it says where it ends.
        self.has_end |= value.strip().upper() == "VOD"

    def endlist(self, _value: str) -> None:
        self.has_end = True

    def pictures_only(self, _value: str) -> None:
        raise WrongContent("The playlist lists single pictures only.")

    def gap(self, _value: str) -> None:
        raise WrongContent("The playlist has gaps: parts of the stream are missing at the host.")

    def _address(self, given: str) -> None:
        if self.duration is None:
            return
        index = len(self.segments)
        if index >= MOST_SEGMENTS:
            raise WrongContent(f"The playlist has more than {MOST_SEGMENTS} segments.")
        self.group += self.breaks and index > 0
        key = self._key_now()
        # Without a vector it is the segment's sequence number (RFC 8216, 5.2).
        iv = (key.iv or (self.sequence + index).to_bytes(16, "big")) if key else b""
        key_url = key.url if key else None
        piece = self._piece(address(given, self.base))
        self.segments.append(Segment(index, piece, self.duration, key_url, iv, self.init, self.group))
        self.duration, self.range_, self.breaks = None, None, False

    def _piece(self, url: str) -> Piece:
        if self.range_ is None:
            return Piece(url)
        length, offset = self.range_
        # Without an offset the range begins where the one before of the same resource ended.
        start = self.ends.get(url, 0) if offset is None else offset
        self.ends[url] = start + length
        return Piece(url, start, length)

    def _key_now(self) -> _Key | None:
        """The key that can be read, where the segments to come are encrypted. Raises `WrongContent` without one."""
        if not self.keys:
            return None
        key = self.keys.get("identity")
        if key is None or key.url is None:
            method = (key or next(iter(self.keys.values()))).method
            raise WrongContent(f"The stream is protected ({method[:20]}); only AES-128 with a plain key is read.")
        return key


_TAGS = {
    "#EXTINF": _Reader.extinf,
    "#EXT-X-BYTERANGE": _Reader.byterange,
    "#EXT-X-KEY": _Reader.key,
    "#EXT-X-MAP": _Reader.map,
    "#EXT-X-DISCONTINUITY": _Reader.discontinuity,
    "#EXT-X-MEDIA-SEQUENCE": _Reader.media_sequence,
    "#EXT-X-PLAYLIST-TYPE": _Reader.playlist_type,
    "#EXT-X-ENDLIST": _Reader.endlist,
    "#EXT-X-I-FRAMES-ONLY": _Reader.pictures_only,
    "#EXT-X-GAP": _Reader.gap,
}
