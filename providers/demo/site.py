"""The demo site: a small HTTP server on loopback that looks like a catalogue and three hosts."""

from __future__ import annotations

import collections
import http.server
import itertools
import socket
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from providers.demo.clips import ClipMaker
from providers.demo.connection import Connection, Pace
from providers.demo.faults import FaultPlan
from providers.demo.streams import Passes

_REQUESTS_KEPT = 20_000
_PACES_KEPT = 1000


class Server(http.server.ThreadingHTTPServer):
    """What all connections share."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], clips: ClipMaker, speed: float) -> None:
        super().__init__(place, Connection)
        self.address = f"http://{place[0]}:{self.server_address[1]}"
        self.clips = clips
        self.faults = FaultPlan()
        self.passes = Passes()
        self.stopping = threading.Event()
        self._speed = speed
        self._paces: collections.OrderedDict[str, Pace] = collections.OrderedDict()
        self._requests: collections.deque[dict[str, Any]] = collections.deque(maxlen=_REQUESTS_KEPT)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def pace(self, granted: str) -> Pace:
        """The speed of one stream address, shared by its connections; pages are not slowed."""
        if not granted or not self._speed:
            return Pace(0)
        with self._lock:
            pace = self._paces.setdefault(granted, Pace(self._speed))
            self._paces.move_to_end(granted)
            while len(self._paces) > _PACES_KEPT:
                self._paces.popitem(last=False)
            return pace

    def record(self, method: str, path: str, host: str, stage: str, part: str | None) -> dict[str, Any]:
        """A new line of `/_requests`, filled while the answer is sent."""
        asked = {"method": method, "path": path, "host": host, "stage": stage, "range": part}
        line = {"id": next(self._numbers), "time": time.time(), **asked}
        line |= {"status": None, "bytes": 0, "fault": None, "ended": False}
        self._requests.append(line)
        return line

    def requests(self) -> list[dict[str, Any]]:
        """What was asked for, oldest first."""
        return [dict(line) for line in list(self._requests)]

    def forget_requests(self) -> None:
        """Begins a new list."""
        self._requests.clear()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def server_bind(self) -> None:
        """Without the look-up of the host's name, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class Site:
    """The site in this process. A context manager; `port` 0 takes a free one.

    `speed`: bytes a second of each stream address, 0 without limit. `folder`: where the clips are kept.
    """

    def __init__(self, folder: Path, *, port: int = 0, speed: float = 0, clip_seconds: int = 24) -> None:
        self.clips = ClipMaker(folder, clip_seconds)
        self.server = Server(("127.0.0.1", port), self.clips, speed)
        self.address = self.server.address
        self.port = int(self.server.server_address[1])
        self.faults = self.server.faults
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.1,), name="demo-site", daemon=True)

    def start(self) -> None:
        """Serves from now on; clips that are missing are made meanwhile."""
        self.clips.start()
        self._thread.start()

    def stop(self) -> None:
        """Ends every answer and closes the port."""
        self.server.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def requests(self, host: str | None = None, stage: str | None = None) -> list[dict[str, Any]]:
        """What was asked for, oldest first."""
        lines = self.server.requests()
        return [line for line in lines if host in (None, line["host"]) and stage in (None, line["stage"])]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
