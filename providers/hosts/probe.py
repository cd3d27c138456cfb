"""Looks at the first kilobyte behind an address: a file, a playlist, or something that is neither."""

from __future__ import annotations

from collections.abc import Mapping

from providers.contracts import StreamKind
from providers.exceptions import WrongContent
from providers.http import Client
from providers.http.answers import is_html, shown

_PLAYLIST_TYPES = frozenset(
    {
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
        "application/mpegurl",
        "audio/mpegurl",
        "audio/x-mpegurl",
        "vnd.apple.mpegurl",
    }
)
# Types that say nothing; the first bytes decide.
_VAGUE_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain", "application/mp4"})
_SIZE = 1024


def probe(client: Client, url: str, headers: Mapping[str, str]) -> StreamKind:
    """How the stream is to be fetched. Raises `WrongContent`, or what `Client.open` raises."""
    with client.open(url, headers=headers, end=_SIZE) as response:
        view = memoryview(bytearray(_SIZE))
        start = bytes(view[: response.read_into(view)])
        kind = kind_of(response.content_type, start)
    if kind is None:
        raise WrongContent(f"{shown(url).partition('/')[0]} answered with neither a video nor a playlist.")
    return kind


def kind_of(content_type: str, start: bytes) -> StreamKind | None:
    """By type where that says something, and always by the first bytes; None for anything else."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"#EXTM3U"):
        return StreamKind.HLS
    if content_type in _PLAYLIST_TYPES or not start or is_html(content_type, start):
        return None
    if content_type.startswith("video/"):
        return StreamKind.FILE
    return StreamKind.FILE if content_type in _VAGUE_TYPES and _is_container(start) else None


def _is_container(start: bytes) -> bool:
    """MP4, Matroska, or an MPEG transport stream."""
    return (
        start[4:8] == b"ftyp" or start.startswith(b"\x1a\x45\xdf\xa3") or (start[:1] == b"G" and start[188:189] == b"G")
    )
