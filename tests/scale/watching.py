"""What a browser would see of the live events, from a socket that stays open through outages."""

from __future__ import annotations

import json
import threading
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed

from tests.running import Running, eventually
from tests.scale.fleet import Fleet

ROOMS = ("downloads", "download_progress")


class Watched:
    """Every event of `ROOMS` that one socket gets, while the block runs."""

    def __init__(self, fleet: Fleet, web: Running) -> None:
        self._fleet, self._web = fleet, web
        self.ids: list[int] = []
        self.broken = ""
        self._ready, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), self.broken
        [(self._after,)] = self._fleet.rows("SELECT coalesce(max(id), 0) FROM live_event")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(10)

    def assert_whole(self, seconds: float = 90) -> int:
        """Every event since the beginning came, once and in order; answers how many there were."""
        names = ", ".join(f"'{room}'" for room in ROOMS)
        rows = self._fleet.rows(f"SELECT id FROM live_event WHERE id > {self._after} AND room IN ({names}) ORDER BY id")
        wanted = [row[0] for row in rows]
        eventually(lambda: self.broken or set(wanted) <= set(self.ids), seconds, "all events")
        assert not self.broken, self.broken
        got = [one for one in self.ids if self._after < one <= wanted[-1]]
        assert got == wanted
        return len(wanted)

    def _run(self) -> None:
        try:
            with self._web.events(*ROOMS) as client:
                self._follow(client)
        except (ConnectionClosed, OSError, TimeoutError) as error:
            self.broken = repr(error)

    def _follow(self, client: Any) -> None:
        joined = 0
        while not self._ended.is_set():
            try:
                message: dict[str, Any] = json.loads(client.recv(timeout=0.5))
            except TimeoutError:
                continue
            joined += message["type"] == "joined"
            if joined == len(ROOMS):
                self._ready.set()
            if message.get("id"):
                self.ids.append(message["id"])
                client.send(json.dumps({"action": "ack", "id": message["id"]}))
