"""The line between a browser and an `up`: it can be cut and mended, or let no socket through."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
PIECE = 65_536


class Line:
    """Passes bytes on to the port of an `up`; while `is_cut` nobody answers, and without `lets_sockets` no socket."""

    def __init__(self, port: int) -> None:
        self.lets_sockets = True
        self.is_cut = False
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._listener.close()

    def cut(self) -> None:
        """Whatever is open breaks off, and nothing new gets through."""
        self.is_cut = True
        for end in tuple(self._open):
            _close(end)

    def mend(self) -> None:
        """It carries again."""
        self.is_cut = False

    def _listen(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        if self.is_cut:
            _close(near)
            return
        with suppress(OSError):
            head = near.recv(PIECE)
            if b"upgrade: websocket" in head.lower() and not self.lets_sockets:
                near.sendall(REFUSAL)
                _close(near)
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            self._open |= {near, far}
            far.sendall(head)
            threading.Thread(target=self._pass, args=(far, near), daemon=True).start()
            self._pass(near, far)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                target.sendall(piece)
        for end in (source, target):
            self._open.discard(end)
            _close(end)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
