"""A demo site in this process, a client that may reach it, and a server that says exactly what a test wants."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress

import pytest
from pytest_django import Settings

from aniworld.configuration import store
from providers import registry
from providers.demo.site import Site
from providers.http import Client, Policy
from providers.models import Provider
from tests.clips import clips_there
from tests.providers.databases import on_postgresql

Script = Callable[[str, socket.socket], None]


class Scripted:
    """A raw server on loopback: each request's head goes to a function that writes whatever it likes."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.heads: list[str] = []
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head.decode("latin-1"))
            self._script(self.heads[-1], connection)

    def close(self) -> None:
        # A blocked accept is not ended by close alone.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.close()


def answer(body: bytes = b"", status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """An answer as bytes, for scripts."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


@pytest.fixture
def scripted() -> Iterator[Callable[[Script | bytes], Scripted]]:
    """Starts raw servers; bytes are said to everyone."""
    servers: list[Scripted] = []

    def start(script: Script | bytes) -> Scripted:
        servers.append(Scripted(script if callable(script) else lambda _head, to: to.sendall(script)))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def loopback() -> Iterator[Client]:
    """May reach this machine; waits little."""
    client = Client(Policy(timeout=2, retries=3, retry_delay=0, allowed_private_hosts=frozenset({"127.0.0.1"})))
    yield client
    client.close()


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("demo")
    clips_there(folder, 6)
    with Site(folder, clip_seconds=6) as site:
        yield site


@pytest.fixture
def site(running_site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The demo site without faults; this process takes it for its own."""
    monkeypatch.setitem(os.environ, "DEMO_SITE_PORT", str(running_site.port))
    running_site.faults.clear()
    running_site.server.forget_requests()
    yield running_site
    running_site.faults.clear()


@pytest.fixture
def providers(site: Site, settings: Settings, db: None) -> Iterator[Site]:
    """The demo is on and every provider has its row."""
    settings.DEMO = True
    store.change({"providers": {"retry_delay": 0, "timeout_seconds": 2}})
    registry.sync()
    yield site
    Provider.forget()
    store.forget()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, db: None) -> Iterator[str]:
    """An empty database of either kind, without the rows of any provider."""
    with on_postgresql() if request.param == "postgresql" else nullcontext():
        yield request.param
