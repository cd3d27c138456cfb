"""What the demo site answers with, before it is sent: content, and the ways in which sending it may go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer is sent. Bytes count from the start of this answer's body; speed is bytes a second.

    `hold_at` counts from the start of the whole resource, whatever part of it is asked for: nothing after it is sent.
    """

    refuse: bool = False
    silent: bool = False
    delay: float = 0
    speed: float = 0
    stall_after: int | None = None
    hold_at: int | None = None
    cut_after: int | None = None
    extra_length: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `ranges`: parts of the body may be asked for."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    etag: str | None = None
    ranges: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)


def media(body: bytes, content_type: str, etag: str | None = None) -> Reply:
    """A file whose parts can be asked for."""
    return Reply(body, content_type, etag=etag or f'"{hashlib.sha256(body).hexdigest()[:16]}"', ranges=True)


def page(text: str, status: int = 200) -> Reply:
    """An HTML page."""
    return Reply(text.encode(), status=status)


def redirect(target: str) -> Reply:
    """To another address."""
    return Reply(status=302, headers={"Location": target})
