"""Calendar entries as an iCalendar file (RFC 5545), which every calendar program reads. Pure: entries to text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta
from hashlib import sha256

from django.utils.translation import gettext as _

from library.calendar import ARRIVED, Entry

CONTENT_TYPE = "text/calendar; charset=utf-8"
_LONGEST_LINE = 75
_LONGEST_TEXT = 500
# Besides the line break, no control character may stand in a value (RFC 5545, 3.1), and surrogates are no UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_BREAK = re.compile("\r\n|\r|\n")


def calendar_file(entries: Iterable[Entry], name: str) -> bytes:
    """The file. `name` is what programs show the calendar as."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Aniworld//Calendar//EN", "CALSCALE:GREGORIAN"),
        *("METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}", f"NAME:{escaped(name)}"),
        *("REFRESH-INTERVAL;VALUE=DURATION:PT6H", "X-PUBLISHED-TTL:PT6H"),
    ]
    for entry in entries:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line)).encode()


def escaped(text: str) -> str:
    """A text as a value: backslash, comma, semicolon and line break have a meaning there."""
    plain = _FORBIDDEN.sub("", _LINE_BREAK.sub("\n", text))[:_LONGEST_TEXT]
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> Iterator[str]:
    """A line in parts of at most 75 bytes, none cut within a character; each further one begins with a space."""
    part, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _LONGEST_LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part


def _event(entry: Entry) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{_uid(entry)}",
        f"DTSTAMP:{entry.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_day(entry.date)}",
        *([f"DTEND;VALUE=DATE:{_day(entry.date + timedelta(days=1))}"] if entry.date < date.max else []),
        f"SUMMARY:{escaped(_summary(entry))}",
        *([f"DESCRIPTION:{escaped(description)}"] if (description := _description(entry)) else []),
        f"CATEGORIES:{entry.kind.upper()}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _uid(entry: Entry) -> str:
    """The same for as long as the episode is: a day that is put off moves the event."""
    what = "arrived" if entry.kind == ARRIVED else "aired"
    series = sha256(entry.key.encode("utf-8", "replace")).hexdigest()[:24]
    return f"{series}-s{entry.season}e{entry.number}-{what}@aniworld"


def _day(day: date) -> str:
    # strftime writes years before 1000 with fewer digits.
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _summary(entry: Entry) -> str:
    mark = "✓ " if entry.kind == ARRIVED else ""
    return f"{mark}{entry.name} {entry.code}"


def _description(entry: Entry) -> str:
    state = _("In the library") if entry.state == "on_disk" else ""
    return "\n".join(part for part in (entry.title, ", ".join(entry.languages), state) if part)
