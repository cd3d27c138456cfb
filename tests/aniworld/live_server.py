"""The real web server with its own database, a process that publishes into it, and clients that talk to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from aniworld.environment import ROOT
from aniworld.supervisor import listening
from tests.database_copies import migrated
from tests.database_servers import postgresql_database, redis_database

ROOMS = ("download_progress", "downloads", "scan_progress", "series")


class Driver:
    """The process that publishes."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.aniworld.live_driver"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, command: str, **values: Any) -> None:
        """Gives a command whose answer `answer` will read."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps([command, values]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What the command that was begun first has answered."""
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def __call__(self, command: str, **values: Any) -> Any:
        self.begin(command, **values)
        return self.answer()

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)


class LiveServer:
    """Where the server is, and who may talk to it."""

    def __init__(self, environment: dict[str, str], port: int, process: subprocess.Popen[bytes]) -> None:
        self.environment = environment
        self.port = port
        self.process = process
        self.driver = Driver(environment)
        self.token: str = self.driver("user", name=environment.get("LIVE_USER", "admin"), staff=True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/connect"

    def connect(self, *rooms: str, token: str | None = None) -> Client:
        """A client that is signed in and has joined `rooms`."""
        client = Client(self.url)
        client.say(action="authenticate", token=token or self.token)
        client.until("authenticated")
        for room in rooms:
            client.say(action="join", room=room)
            client.until("joined")
        return client


class Client:
    """One socket, which remembers the events it got."""

    def __init__(self, url: str, **options: Any) -> None:
        self.socket: ClientConnection = connect(url, open_timeout=20, max_size=None, legacy=True, **options)
        self.events: list[dict[str, Any]] = []

    @property
    def ids(self) -> list[int]:
        """Of the events so far, as they came."""
        return [event["id"] for event in self.events]

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def next(self, seconds: float = 10.0) -> dict[str, Any]:
        """The next message, whatever it is. Raises TimeoutError."""
        message: dict[str, Any] = json.loads(self.socket.recv(seconds))
        if message["id"] is not None:
            self.events.append({**message, "received": time.time()})
        return message

    def until(self, type_: str, seconds: float = 10.0) -> dict[str, Any]:
        """Reads up to the next message of that type."""
        deadline = time.monotonic() + seconds
        while (message := self.next(max(0.01, deadline - time.monotonic())))["type"] != type_:
            pass
        return message

    def until_id(self, id_: int, seconds: float = 15.0) -> None:
        """Reads events until that one has come."""
        deadline = time.monotonic() + seconds
        while not self.events or self.events[-1]["id"] < id_:
            self.next(max(0.01, deadline - time.monotonic()))

    def until_exactly(self, id_: int, seconds: float = 15.0) -> None:
        """Reads events until that very one comes."""
        deadline = time.monotonic() + seconds
        while id_ not in self.ids:
            self.next(max(0.01, deadline - time.monotonic()))

    def quiet(self, seconds: float) -> bool:
        """Whether nothing comes for that long."""
        try:
            self.next(seconds)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


@contextmanager
def live_server(kind: str, **extra: str) -> Iterator[LiveServer]:
    """The web server on a free port. `kind` names what is made for it: sqlite, postgresql, postgresql+redis."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aniworld-live-", ignore_cleanup_errors=True))
        environment = {**os.environ, "DATA_DIR": folder, "DEMO": "off", "DJANGO_SETTINGS_MODULE": "aniworld.settings"}
        environment |= extra
        if "postgresql" in kind:
            environment["DATABASE_URL"] = stack.enter_context(postgresql_database())
        if "redis" in kind and "REDIS_URL" not in extra:
            environment["REDIS_URL"] = stack.enter_context(redis_database())
        migrated(environment)
        listener = stack.enter_context(listening.open_port("127.0.0.1", 0))
        process = _web(environment, listener, Path(folder) / "web.out")
        try:
            server = LiveServer(environment, listener.getsockname()[1], process)
            try:
                yield server
            finally:
                server.driver.close()
        finally:
            process.terminate()
            process.wait(20)


def _web(environment: dict[str, str], listener: socket.socket, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.aniworld.live_web", str(listener.fileno())]
    with output.open("wb") as file:
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=file, stderr=file, pass_fds=[listener.fileno()]
        )
