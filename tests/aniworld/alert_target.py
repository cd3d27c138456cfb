"""A real HTTP server that alerts are sent to, by Apprise's scheme json."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aniworld.configuration import store

SECRET = "s3cret-of-the-target"


class Target(ThreadingHTTPServer):
    """Keeps what it is told. `status` is what it answers; without one it never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: list[dict[str, Any]] = []
        self.status: int | None = 200
        self.is_over = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def address(self) -> str:
        """Its Apprise address, which holds a secret."""
        return f"json://user:{SECRET}@{self.host}/{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.told]


class _Handler(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))
        while self.server.status is None and not self.server.is_over.wait(1):
            # A byte now and then, so that no time-out of the client ends it.
            self.wfile.write(b"H")
        self.send_response(self.server.status or 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def target() -> Iterator[Target]:
    """A server that listens while the context is open."""
    server = Target()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_over.set()
        server.shutdown()
        server.server_close()


def configure(settings: Any, *targets: Target, digest_minutes: int = 0, **switches: bool) -> None:
    """Has alerts go to `targets`, named t0, t1 and so on, which the operator lets be in a private network."""
    settings.ALLOWED_PRIVATE_HOSTS = [one.host for one in targets]
    named = [{"label": f"t{number}", "address": one.address} for number, one in enumerate(targets)]
    store.change({"notifications": {"targets": named, "digest_minutes": digest_minutes, **switches}})
