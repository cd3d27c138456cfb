"""Clients of the live socket in one process, as cheap as they can be: what they cost is taken from the server.

Each shakes hands, signs in, joins, reads and parses every message, and acknowledges as a browser would.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import struct
import time
from typing import Any, cast
from urllib.parse import urlsplit

from tests.aniworld.live_server import ROOMS

ACK_EVERY = 5.0
# Who hears nothing for so long goes.
PATIENCE = 20.0
AT_ONCE = 20
_TEXT, _PING, _PONG = 1, 9, 10


def run_crowd(pipe: Any, url: str, token: str, clients: int, events: int) -> None:
    """Says through `pipe` when all have joined, and then the delay of each event at each client, in seconds."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    pipe.send(asyncio.run(_crowd(pipe, url, token, clients, events)))


async def _crowd(pipe: Any, url: str, token: str, clients: int, events: int) -> list[float]:
    gate = asyncio.Semaphore(AT_ONCE)
    crowd = await asyncio.gather(*(_joined(url, token, events, gate) for _ in range(clients)))
    await asyncio.sleep(1)
    pipe.send("ready")
    await asyncio.gather(*(client.served() for client in crowd))
    return [delay for client in crowd for delay in client.delays]


async def _joined(url: str, token: str, events: int, gate: asyncio.Semaphore) -> Client:
    place = urlsplit(url)
    async with gate:
        _transport, client = await asyncio.get_running_loop().create_connection(
            lambda: Client(place.netloc, place.path, token, events), place.hostname or "", place.port or 80
        )
        await client.joined
    return client


class Client(asyncio.Protocol):
    """One client, by RFC 6455. `delays` are those of the events that it got."""

    def __init__(self, host: str, path: str, token: str, events: int) -> None:
        self.delays: list[float] = []
        loop = asyncio.get_running_loop()
        self.joined: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._host, self._path, self._token, self._events = host, path, token, events
        self._buffer = b""
        self._upgraded = False
        self._rooms = 0
        self._heard_at = self._acknowledged_at = time.monotonic()

    async def served(self) -> None:
        """Returns when it has got all, has heard nothing for a while, or was cut off."""
        while len(self.delays) < self._events and time.monotonic() - self._heard_at < PATIENCE:
            if (await asyncio.wait([self._gone], timeout=1))[0]:
                break
        self._transport.close()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for a socket, then signs in and joins without waiting for each answer."""
        self._transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        """It is over."""
        self._gone.set_result(None)
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("cut off before it had joined"))

    def data_received(self, data: bytes) -> None:
        """Some of the answer, or of some frames."""
        self._heard_at = time.monotonic()
        self._buffer += data
        if self._upgraded or self._shake_hands():
            self._read_frames()

    def _shake_hands(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        assert head.startswith(b"HTTP/1.1 101"), head
        self._upgraded, self._buffer = True, rest
        self._say(action="authenticate", token=self._token)
        for room in ROOMS:
            self._say(action="join", room=room)
        return True

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1], at + 2
            assert size < 127, "longer than anything that is sent here"
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if len(buffer) < start + size:
                break
            self._take(buffer[at] & 0x0F, buffer[start : start + size])
            at = start + size
        self._buffer = buffer[at:]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _PING:
            self._send(_PONG, payload)
        elif kind == _TEXT:
            self._hear(json.loads(payload))

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "joined":
            self._rooms += 1
            if self._rooms == len(ROOMS):
                self.joined.set_result(None)
        if message["id"] is None:
            return
        self.delays.append(time.time() - message["data"]["sent"])
        if self._heard_at - self._acknowledged_at > ACK_EVERY:
            self._acknowledged_at = self._heard_at
            self._say(action="ack", id=message["id"])

    def _say(self, **message: Any) -> None:
        self._send(_TEXT, json.dumps(message).encode())

    def _send(self, kind: int, payload: bytes) -> None:
        # A client must mask; a mask of zeros leaves the payload as it is. Nothing here is longer than 125 bytes.
        self._transport.write(struct.pack("!BBI", 0x80 | kind, 0x80 | len(payload), 0) + payload)
