"""How large a request may be and how long it may take to arrive, held before anything of the product sees it.

Daphne takes a body whole, however large, from whoever connects, and keeps it on disk; Django looks only afterwards.
"""

from __future__ import annotations

import json
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest

# A little more than `DATA_UPLOAD_MAX_MEMORY_SIZE`, so that the product itself answers what is just too large.
LARGEST_BODY = 6 * 1024 * 1024
# Bytes beyond it are thrown away until the sender is ready to listen; who sends even more is cut off.
LARGEST_WASTE = 64 * 1024 * 1024
SECONDS_TO_ARRIVE = 120.0

_TOO_LARGE = json.dumps({"detail": "The request is too large.", "code": "too_large"}).encode()
_HEADERS = [
    (b"Content-Type", b"application/json"),
    (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Connection", b"close"),
]


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne is published without types
    """Daphne's, which keeps no more of a body than is allowed, and does not wait for ever."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._received = 0
        self._patience = self.channel.callLater(SECONDS_TO_ARRIVE, self._cut_off)

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted's interface
        """Cuts off at once who announces too much to be worth listening to."""
        super().gotLength(length if length is None else min(length, LARGEST_BODY))
        if length is not None and length > LARGEST_WASTE:
            self._cut_off()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - twisted's interface
        """Keeps the piece, or throws it away."""
        self._received += len(data)
        if self._received <= LARGEST_BODY:
            super().handleContentChunk(data)
        elif self._received > LARGEST_WASTE:
            self._cut_off()

    def process(self) -> Any:
        """Everything has arrived: hands it on, unless it is too large."""
        self._stop_waiting()
        if self._received <= LARGEST_BODY:
            return super().process()
        self.handle_reply({"type": "http.response.start", "status": 413, "headers": _HEADERS})
        self.handle_reply({"type": "http.response.body", "body": _TOO_LARGE})
        return None

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 - twisted's interface
        """The sender has gone."""
        self._stop_waiting()
        super().connectionLost(reason)

    def _stop_waiting(self) -> None:
        if self._patience.active():
            self._patience.cancel()

    def _cut_off(self) -> None:
        self._stop_waiting()
        if self.channel is not None:
            self.channel.forceAbortClient()


class BoundedFactory(HTTPFactory):  # type: ignore[misc]  # daphne is published without types
    """Daphne's, with such requests."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - twisted's interface
        """One for each connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol
