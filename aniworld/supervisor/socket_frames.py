"""How a text goes out over a socket: made into a frame once for all who get it, and given to the kernel at once.

Autobahn makes a frame for each client, and words for a log that nobody reads; twisted then waits for each connection
to say that it can be written to, which it nearly always can. With 1,000 clients that was most of what an event took.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

# The latest texts; each is small, and all clients get it within a moment.
FRAMES_KEPT = 64
# RFC 6455, 5.2: the last (and only) frame of a text; lengths that stand in the second byte, and in two bytes behind it.
_WHOLE_TEXT = 0x81
_SHORT, _MEDIUM = 125, 0xFFFF


@lru_cache(FRAMES_KEPT)
def frame_of(text: str) -> bytes:
    """The unmasked frame in which a server sends it."""
    payload = text.encode()
    size = len(payload)
    if size <= _SHORT:
        return struct.pack("!BB", _WHOLE_TEXT, size) + payload
    if size <= _MEDIUM:
        return struct.pack("!BBH", _WHOLE_TEXT, 126, size) + payload
    return struct.pack("!BBQ", _WHOLE_TEXT, 127, size) + payload


class DirectSocket(WebSocketProtocol):  # type: ignore[misc]  # daphne is published without types
    """Daphne's, which sends a text in that way whenever nothing else is waiting to go out before it."""

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802 - daphne's interface
        """Sends to the client. Raises autobahn's `Disconnected` when it has gone."""
        if binary or self.state != self.STATE_OPEN or self.send_queue or self._perMessageCompress is not None:
            super().serverSend(content, binary)
            return
        frame, transport = frame_of(content), self.transport
        if transport.dataBuffer or transport._tempDataLen:
            transport.write(frame)
            return
        written = transport.writeSomeData(frame)
        # An error is found again, and dealt with, by the one who writes what waits.
        rest = frame if isinstance(written, BaseException) else frame[written:]
        if rest:
            transport.write(rest)


class DirectFactory(WebSocketFactory):  # type: ignore[misc]  # daphne is published without types
    """Daphne's, with such sockets."""

    protocol = DirectSocket
