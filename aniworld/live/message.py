"""What goes over the socket: one envelope for everything, made once however many clients get it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aniworld.live.models import Event

# NUL and lone surrogates: PostgreSQL refuses both inside JSON, and no UTF-8 text can carry the latter.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def zulu(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clean(text: str) -> str:
    """`text` with what no database or client could take replaced by U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def plain(value: Any) -> Any:
    """`value` as JSON that every database and browser accepts: no NUL, no NaN, times with `Z`, the unknown as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, datetime):
        return zulu(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return clean(str(value))


def envelope(type_: str, data: Mapping[str, Any], *, id_: int | None = None, timestamp: datetime | None = None) -> str:
    """`{"id", "type", "timestamp", "data"}` as ASCII JSON text; the time is now unless given."""
    moment = zulu(timestamp or datetime.now(UTC))
    return json.dumps({"id": id_, "type": type_, "timestamp": moment, "data": data}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Message:
    """An event ready to be sent. All clients share the object, so that its text is held once."""

    id: int
    type: str
    room: str
    frame: dict[str, str] = field(repr=False)

    @property
    def size(self) -> int:
        """Length of the text in bytes; it is ASCII."""
        return len(self.frame["text"])


def message_of(event: Event) -> Message:
    """The event as every client gets it."""
    text = envelope(event.type, event.data, id_=event.id, timestamp=event.timestamp)
    return Message(event.id, event.type, event.room, {"type": "websocket.send", "text": text})
