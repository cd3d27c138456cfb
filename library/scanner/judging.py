"""Whether a file with a video's name can be a video at all, by its first bytes.

Only what is surely none is refused: an empty file, a text, another kind of file. Whether a video is whole, the check of
a download finds out, which takes longer than a scan may.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from django.utils.translation import gettext as _

from library.scanner.walking import Video

_READ = 512
# https://en.wikipedia.org/wiki/List_of_file_signatures
_OTHER_KINDS = {
    b"%PDF-": "PDF",
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"Rar!\x1a\x07": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x1f\x8b\x08": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x89PNG\r\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"\x7fELF": "ELF",
    b"SQLite format 3\x00": "SQLite",
}
# A stream file is a text by nature: the address where the video is.
_TEXTS = ".strm"
# One letter over and over is how a disk or a tool fills a gap, and no text.
_LEAST_LETTERS = 3
_LETTERS = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\n\v\f\r\x1b")


def fault_of(root: Path, video: Video) -> str:
    """Why it is surely no video; empty when it may be one, or can't be read now."""
    if video.path.lower().endswith(_TEXTS):
        return ""
    if video.size == 0:
        return _("It is empty.")
    try:
        start = _start_of(f"{root}/{video.path}")
    except OSError:
        return ""
    kind = next((name for mark, name in _OTHER_KINDS.items() if start.startswith(mark)), "")
    if kind:
        return _("It is a file of the kind %s, whatever its ending says.") % kind
    if _is_text(start):
        return _("It is a text, such as the page of an error.")
    return ""


def sorted_out(root: Path, videos: Iterable[Video]) -> tuple[list[Video], list[tuple[Video, str]]]:
    """Those that may be videos, and the others with the reason."""
    good, bad = [], []
    for video in videos:
        if fault := fault_of(root, video):
            bad.append((video, fault))
        else:
            good.append(video)
    return good, bad


def advice(*, has_catalogue: bool) -> str:
    """What to do about such a file: only what a catalogue lists can be downloaded again."""
    if has_catalogue:
        return _("Delete it; the episode can be downloaded again then.")
    return _("Put a good file in its place, or delete it. Downloading it takes a catalogue, which the series has not.")


def _start_of(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(handle, _READ)
    finally:
        os.close(handle)


def _is_text(start: bytes) -> bool:
    distinct = set(start)
    if len(distinct) < _LEAST_LETTERS:
        return False
    if distinct <= _LETTERS:
        return True
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        # Cut in the middle of a character, at the most.
        if error.reason != "unexpected end of data" or error.start < len(start) - 3:
            return False
        text = start[: error.start].decode()
    return all(letter.isprintable() or letter in "\t\n\v\f\r\x1b\ufeff" for letter in text)
