"""The product's only `requests.Session`, whose connections are opened by the address guard and read in big pieces."""

from __future__ import annotations

import http.client
import logging
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse
from urllib3.util import Timeout

from providers.http import alarm
from providers.http.address_guard import AddressGuard
from providers.http.incoming import Incoming, Pipe

# At DEBUG urllib3 would write whole addresses, signatures included, into the log.
logging.getLogger("urllib3").setLevel(logging.INFO)


def shut_down(connection: socket.socket | None) -> None:
    """Makes every read on the socket, in whatever thread, return at once. TLS is cut, not ended politely."""
    if connection is None:
        return
    with suppress(OSError):
        # Past SSLSocket.shutdown, which takes the TLS state away under a reader in another thread.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


@contextmanager
def cut_off_after(seconds: float | None, connection: socket.socket | None) -> Iterator[threading.Event]:
    """Shuts the socket down when the block takes longer: a socket's own time limit starts anew with each byte.

    The event is set when that happened.
    """
    happened = threading.Event()
    if seconds is None or connection is None:
        yield happened
        return

    def cut() -> None:
        happened.set()
        shut_down(connection)

    waiting = alarm.after(seconds, cut)
    try:
        yield happened
    finally:
        waiting.call_off()


class StreamedAnswer(http.client.HTTPResponse):
    """An answer that can hand out what has arrived so far, straight into the reader's buffer or into a file."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self._connection = sock
        self._incoming: Incoming | None = None

    def peek(self, n: int = -1) -> bytes:
        """The first bytes of the body (at most a buffer full), without taking them."""
        if self.fp is None or self.chunked or self.length == 0:
            return b""
        return self.fp.peek(n)[:n]

    def take_into(self, view: memoryview) -> int:
        """Puts at least one byte into `view` and answers how many; 0 at the end of the body or of the connection."""
        if self.fp is None or not view:
            return 0
        if self.chunked:
            piece = self.read1(len(view))
            view[: len(piece)] = piece
            return len(piece)
        if self.length is not None:
            view = view[: self.length]
        return self._noted(self._take_plain(view) if view else 0)

    @property
    def can_pour(self) -> bool:
        """Whether what is left of the body may go through a pipe."""
        return self._incoming is not None and self._incoming.can_pour and self.fp is not None

    def take_into_pipe(self, pipe: Pipe, most: int) -> int:
        """Like `take_into`, where `can_pour` says yes."""
        if self._incoming is None:
            raise ValueError("the head is still in a buffer")
        wanted = most if self.length is None else min(most, self.length)
        return self._noted(self._incoming.take_into_pipe(pipe, wanted) if wanted else 0)

    def _take_plain(self, view: memoryview) -> int:
        if self._incoming:
            return self._incoming.take_into(view)
        # What was read ahead together with the head comes first.
        ahead = len(self.fp.peek())
        count: int = self.fp.readinto1(view[:ahead]) if ahead else 0
        if count == ahead:
            self._incoming = Incoming(self._connection)
        return count

    def _noted(self, count: int) -> int:
        if self.length is not None:
            self.length -= count
        if not count or self.length == 0:
            self._close_conn()
        return count

    def _close_conn(self) -> None:
        super()._close_conn()  # type: ignore[misc]  # the standard library's own way to end a body; not in its stubs


class _Guarded(HTTPConnection):
    """What plain and TLS connections share; `guard` is set by the subclass made for one client."""

    guard: AddressGuard
    response_class = StreamedAnswer

    def _new_conn(self) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, int | float) else None
        return self.guard.connect(self._dns_host, self.port or self.default_port, timeout, self.socket_options or ())

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 answers with its own class here
        connection = self.sock
        limit = self.timeout if isinstance(self.timeout, int | float) else None
        with cut_off_after(limit, connection) as late:
            try:
                response = super().getresponse()
            except (OSError, http.client.HTTPException):
                if late.is_set():
                    raise TimeoutError("the head of the answer took too long") from None
                raise
            # Cut off, a head that is not whole reads like one that is.
            if late.is_set():
                response.close()
                raise TimeoutError("the head of the answer took too long")
        response.transport = connection  # type: ignore[attr-defined]  # kept for closing from another thread
        return response


class GuardedAdapter(HTTPAdapter):
    """Mounts the guarded connections into requests."""

    def __init__(self, guard: AddressGuard, connections: int) -> None:
        self.guard = guard
        super().__init__(pool_connections=16, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Like the base class, with pools whose connections ask the guard."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager: PoolManager
        guard = self.guard

        class PlainConnection(_Guarded):
            pass

        class TLSConnection(_Guarded, HTTPSConnection):
            pass

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = PlainConnection

        class TLSPool(HTTPSConnectionPool):
            ConnectionCls = TLSConnection

        PlainConnection.guard = TLSConnection.guard = guard
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TLSPool}


class GuardedSession(requests.Session):
    """A session that never follows a redirect by itself and takes nothing from the environment."""

    def __init__(self, guard: AddressGuard, connections: int = 32) -> None:
        super().__init__()
        self.trust_env = False
        # No cookies: a jar shared by threads is not safe, and strangers need not know us again.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.clear()
        for scheme in ("http://", "https://"):
            self.mount(scheme, GuardedAdapter(guard, connections))

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | bytes | None = None,
        seconds: float,
    ) -> HTTPResponse:
        """The answer with its body still to come; nothing of it is read, followed or kept.

        `seconds`: for connecting, for the head and for each wait after that. `send` would do the same and more, most of
        it for cookies, hooks and authentication that no provider has: twice the time of a segment's request.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.prepare_url(url, params)
        request.prepare_headers(headers)
        request.prepare_body(data, None)
        prepared = cast("str", request.url)
        adapter = cast("GuardedAdapter", self.get_adapter(prepared))
        # An empty dict, not None: where a process imported yt-dlp, a function of its own looks into it.
        pool = cast("HTTPConnectionPool", adapter.get_connection_with_tls_context(request, self.verify, {}, self.cert))
        adapter.cert_verify(pool, prepared, self.verify, self.cert)  # type: ignore[no-untyped-call]  # not in its stubs
        answer = pool.urlopen(
            method,
            request.path_url,
            body=request.body,
            headers=request.headers,
            redirect=False,
            retries=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=seconds, read=seconds),
        )
        return cast("HTTPResponse", answer)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the base class's signature
        """None, always: requests would read, and unpack, the whole body of a redirect."""
        return None


class Readiness:
    """Tells whether a read from a socket would return at once. Made once per answer, asked for every TLS record."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._tls = connection if isinstance(connection, ssl.SSLSocket) else None
        self._poll = select.poll()
        if connection is not None and connection.fileno() >= 0:
            self._poll.register(connection, select.POLLIN)

    def __call__(self) -> bool:
        """Never blocks, never fails."""
        try:
            return bool((self._tls is not None and self._tls.pending()) or self._poll.poll(0))
        except (OSError, ValueError):
            return False
