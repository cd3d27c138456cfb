"""A proxy on loopback through which child processes reach the outside, so that the address guard holds for them too.

It speaks what yt-dlp and Apprise need of HTTP: CONNECT for https, and plain requests with an absolute address, one a
connection. It listens only while its context is open, and only answers who knows its password.
"""

from __future__ import annotations

import base64
import secrets
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from providers.exceptions import AddressRefused, ProviderError
from providers.http.address_guard import AddressGuard

_PIECE = 256 * 1024
_IDLE_SECONDS = 60
_HOP_BY_HOP = {"proxy-authorization", "proxy-connection", "connection", "keep-alive", "te", "upgrade"}


class Pace(Protocol):
    """What limits how fast bytes come in. `took` may raise, which ends the connection."""

    @property
    def piece(self) -> int:
        """The most bytes to read at once now."""

    def took(self, count: int) -> None:
        """So many bytes were read: waits until the next may be."""


class _Unlimited:
    piece = _PIECE

    def took(self, count: int) -> None:
        """Waits for nothing."""


class _Over(Exception):
    """What the bytes were for has ended."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, guard: AddressGuard, pace: Pace) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.guard = guard
        self.pace = pace
        self.password = secrets.token_urlsafe(24)

    @property
    def address(self) -> str:
        return f"http://proxy:{self.password}@127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # Nothing is read beyond the head: what follows it, such as a form, is for `_relay` to carry.
    rbufsize = 0

    def do_CONNECT(self) -> None:
        host, _colon, port = self.path.rpartition(":")
        upstream = self._upstream(host, int(port) if port.isdecimal() else 0)
        if upstream:
            with upstream:
                self.send_response(HTTPStatus.OK)
                self.end_headers()
                self._relay(upstream)

    def do_GET(self) -> None:
        try:
            parts = urlsplit(self.path)
            host, port = parts.hostname or "", parts.port or 80
        except ValueError:
            host, port = "", 0
        # What is no plain address has no port to go to, and is answered as such.
        upstream = self._upstream(host, port if host and self.path.lower().startswith("http://") else 0)
        if upstream is None:
            return
        with upstream:
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            lines = [f"{self.command} {target} HTTP/1.1", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP]
            upstream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            self._relay(upstream)

    do_HEAD = do_POST = do_GET  # noqa: N815 - named by the standard library

    def _upstream(self, host: str, port: int) -> socket.socket | None:
        self.close_connection = True
        if not self._knows_password():
            self.send_error(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
            return None
        if not 0 < port < 65536:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return None
        try:
            return self.server.guard.connect(host, port, _IDLE_SECONDS)
        except AddressRefused:
            self.send_error(HTTPStatus.FORBIDDEN, "Private network")
        except ProviderError:
            self.send_error(HTTPStatus.BAD_GATEWAY, "Not reached")
        return None

    def _knows_password(self) -> bool:
        wanted = base64.b64encode(f"proxy:{self.server.password}".encode()).decode()
        given = self.headers.get("Proxy-Authorization", "")
        return secrets.compare_digest(given.encode("latin-1"), f"Basic {wanted}".encode())

    def _relay(self, upstream: socket.socket) -> None:
        """Carries bytes both ways until one side ends or both are silent for too long."""
        other = {self.connection: upstream, upstream: self.connection}
        pace = self.server.pace
        with suppress(OSError, _Over):
            while True:
                ready, _out, _err = select.select(list(other), [], [], _IDLE_SECONDS)
                if not ready:
                    return
                for side in ready:
                    data = side.recv(min(_PIECE, pace.piece))
                    if not data:
                        return
                    other[side].sendall(data)
                    if side is upstream:
                        self._keep_to(pace, len(data))

    @staticmethod
    def _keep_to(pace: Pace, count: int) -> None:
        try:
            pace.took(count)
        except Exception as ended:
            # Who reads from us learns it by the end of the connection.
            raise _Over from ended

    def log_message(self, format: str, *args: object) -> None:
        """Addresses carry signatures: nothing is logged."""


@contextmanager
def filtering_proxy(guard: AddressGuard, pace: Pace | None = None) -> Iterator[str]:
    """The proxy's address, with its password, while the context is open; what comes in through it keeps to `pace`."""
    proxy = _Proxy(guard, pace or _Unlimited())
    thread = threading.Thread(target=proxy.serve_forever, name="filtering-proxy", daemon=True)
    thread.start()
    try:
        yield proxy.address
    finally:
        proxy.shutdown()
        proxy.server_close()
