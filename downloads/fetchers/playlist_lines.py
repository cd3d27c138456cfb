"""The lines of a playlist (RFC 8216): tags, attributes and addresses, read within limits that hold on hostile text.

Each step goes forwards through the text once, so that the time it takes grows with its length alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from providers.exceptions import WrongContent
from providers.http import PLAYLIST_LIMIT

# Characters; addresses with signatures reach some thousands.
LONGEST_LINE = 16 * 1024
MOST_ATTRIBUTES = 64
_ATTRIBUTE = re.compile(r'\s{0,9}([A-Za-z0-9-]{1,64})\s{0,9}=\s{0,9}(?:"([^"]*)"|([^,]*))[^,]{0,99}(?:,|$)')
_RANGE = re.compile(r"(\d{1,12})(?:@(\d{1,13}))?", re.ASCII)


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    """Each tag with what follows its colon, and each address under an empty tag; comments and blank lines are left out.

    Raises `WrongContent` for what is no playlist, and for lines that are longer than any real one.
    """
    if len(text) > PLAYLIST_LIMIT:
        raise WrongContent(f"The playlist is longer than {PLAYLIST_LIMIT} bytes.")
    if not text[:200].lstrip("\ufeff \t\r\n").startswith("#EXTM3U"):
        raise WrongContent("What should be a playlist does not begin like one.")
    for raw in io.StringIO(text, newline=None):
        line = raw.strip(" \t\r\n\ufeff")
        if not line or (line.startswith("#") and not line.startswith("#EXT")):
            continue
        if len(line) > LONGEST_LINE:
            raise WrongContent(f"A line of the playlist has {len(line)} characters.")
        if line.startswith("#"):
            tag, _colon, value = line.partition(":")
            yield tag, value
        else:
            yield "", line


def attributes(value: str) -> dict[str, str]:
    """`A=1,B="x,y"` as a dict, in whatever order; what can't be read is passed over, and quotes are taken off."""
    found: dict[str, str] = {}
    position = 0
    for _count in range(MOST_ATTRIBUTES):
        match = _ATTRIBUTE.match(value, position)
        if match:
            found.setdefault(match[1].upper(), match[2] if match[2] is not None else match[3].strip())
            position = match.end()
        else:
            comma = value.find(",", position)
            if comma < 0:
                break
            position = comma + 1
        if position >= len(value):
            break
    return found


def address(given: str, base: str) -> str:
    """The absolute address. Raises `WrongContent` unless it is http or https; where it leads the guard judges."""
    if not given:
        raise WrongContent("The playlist leaves out an address.")
    try:
        url = urljoin(base, given)
        parts = urlsplit(url)
    except ValueError as error:
        raise WrongContent("The playlist names an address that can't be read.") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise WrongContent("The playlist names an address that is neither http nor https.")
    return url


def byte_range(value: str) -> tuple[int, int | None]:
    """Length and, where it is named, offset. Raises `WrongContent`."""
    match = _RANGE.fullmatch(value.strip())
    if not match or not int(match[1]):
        raise WrongContent("The playlist names a range of bytes that can't be.")
    return int(match[1]), int(match[2]) if match[2] else None


def whole_number(value: str, most: int) -> int:
    """A number from 0 to `most`. Raises `WrongContent`."""
    text = value.strip()
    # Without the length Python would read a million digits before it is compared.
    if not text.isdecimal() or not text.isascii() or len(text) > 20 or int(text) > most:
        raise WrongContent(f"The playlist holds a number that can't be ({text[:20]}).")
    return int(text)
