"""What a client may say, and how often. Pure: no socket, no database."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from aniworld.live.publish import ROOMS

BYTES_PER_MESSAGE = 8 * 1024
MESSAGES_PER_SECOND = 20
LARGEST_ID = 2**63 - 1

# Close codes. Those below 3000 are refused by autobahn when an application names them.
UNAUTHENTICATED = 4401
TOO_LARGE = 4408
TOO_SLOW = 4413
TOO_MANY = 4429
NOT_READY = 4503
BROKEN = 4500


class NotUnderstood(Exception):
    """A message that means nothing; `str(error)` tells the client why."""


@dataclass(frozen=True, slots=True)
class Command:
    """One message of a client; only the field that its action names is meaningful."""

    action: str
    room: str = ""
    id: int = 0
    token: str = ""


def too_large(frame: dict[str, Any]) -> bool:
    """Whether a received frame has more bytes than a client may send."""
    text, data = frame.get("text"), frame.get("bytes") or b""
    size = len(data) if text is None else len(text.encode("utf-8", "surrogatepass"))
    return size > BYTES_PER_MESSAGE


def parse(frame: dict[str, Any]) -> Command:
    """The command in a received frame. Raises `NotUnderstood`."""
    text = frame.get("text")
    if text is None:
        raise NotUnderstood("Messages are text, not binary.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstood("The message is not JSON.") from None
    if not isinstance(message, dict):
        raise NotUnderstood("A message is an object with an “action”.")
    return _command(message)


def _command(message: dict[str, Any]) -> Command:
    action = message.get("action")
    if action == "ping":
        return Command("ping")
    if action in ("join", "leave"):
        return Command(action, room=_room(message.get("room")))
    if action == "resume":
        return Command("resume", id=_id(message.get("after"), "after"))
    if action == "ack":
        return Command("ack", id=_id(message.get("id"), "id"))
    if action == "authenticate":
        token = message.get("token")
        if not isinstance(token, str):
            raise NotUnderstood("“token” is a text.")
        return Command("authenticate", token=token)
    raise NotUnderstood("“action” is one of join, leave, ping, resume, ack, authenticate.")


def _room(value: object) -> str:
    if not isinstance(value, str) or value not in ROOMS:
        raise NotUnderstood(f"There is no such room; there are {', '.join(ROOMS)}.")
    return value


def _id(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_ID:
        raise NotUnderstood(f"“{name}” is the id of an event, a whole number from 0.")
    return value


class Pace:
    """Counts messages over the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MESSAGES_PER_SECOND)

    def exceeded(self, now: float) -> bool:
        """Counts one more message at `now`; True when it is one too many within a second."""
        full = len(self._times) == MESSAGES_PER_SECOND
        too_many = full and now - self._times[0] < 1.0
        self._times.append(now)
        return too_many
