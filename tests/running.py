"""Drives a real `manage.py up`: its data folder, port and database, its HTTP and socket, its processes and their death.

with Running(database="postgresql") as up:
    up.setup()
    up.api("POST", "/api/queue/start")
    up.kill(up.workers("downloads")[0])
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
import pytest
import requests

from aniworld.environment import ROOT
from aniworld.supervisor import linux
from providers.demo.options import DEFAULT_CLIP_SECONDS
from tests.clips import clips_there
from tests.database_copies import postgresql_there, sqlite_there
from tests.database_servers import postgresql_database, redis_database

pytest.importorskip("websockets", reason="make test installs what this needs")
from websockets.sync.client import ClientConnection, connect  # only after the line above

T = TypeVar("T")

PASSWORD = "correct horse battery"
STOP_SECONDS = 10.0


def eventually(ask: Callable[[], T], seconds: float = 30.0, what: str = "") -> T:
    """Asks again until the answer is true, and returns it. Fails with the last answer when time is over.

    The longer it takes, the less often it asks: questions take from the processor what is waited for.
    """
    began = time.monotonic()
    while not (answer := ask()):
        waited = time.monotonic() - began
        if waited > seconds:
            pytest.fail(f"{what or ask} not within {seconds:g} s; last answer: {answer!r}")
        time.sleep(min(0.2, max(0.05, waited / 20)))
    return answer


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Running:
    """One `up`. `environment` overrides variables, `arguments` are those of the command.

    It finds its database migrated and the demo site's clips in place, unless it starts `as_new`: as on a new machine.
    """

    def __init__(
        self,
        *arguments: str,
        environment: dict[str, str] | None = None,
        database: str = "sqlite",
        with_redis: bool = False,
        demo: bool = False,
        data_dir: Path | None = None,
        as_new: bool = False,
    ) -> None:
        self.arguments = arguments
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._own_folder = data_dir is None
        self._as_new = as_new
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="aniworld-up-"))
        self.http = requests.Session()
        self.token = ""
        self._database = postgresql_database() if database == "postgresql" else None
        self._redis = redis_database() if with_redis else None
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.data_dir / "up.out"
        self._ready_before = 0
        self.environment = {
            **os.environ,
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "DEMO": "on" if demo else "off",
            "DEMO_SITE_PORT": str(free_port()),
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        if self._database:
            self.environment["DATABASE_URL"] = self._database.__enter__()
        if self._redis:
            self.environment["REDIS_URL"] = self._redis.__enter__()
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._process and self._process.poll() is None:
                self.stop()
        finally:
            if self._own_folder:
                self.kill_everything()
            for resource in (self._redis, self._database):
                if resource:
                    resource.__exit__(None, None, None)
            if self._own_folder:
                shutil.rmtree(self.data_dir, ignore_errors=True)

    # Life

    def launch(self) -> subprocess.Popen[bytes]:
        """Starts the command and does not wait."""
        self._ready_before = self._said_ready()
        if not self._as_new:
            self._prepare()
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up", *self.arguments],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=linux.die_with_parent,  # nothing of a killed test run may stay behind
            )
        return self._process

    def _prepare(self) -> None:
        url = self.environment.get("DATABASE_URL")
        if self._own_folder and not url:
            sqlite_there(self.data_dir)
        elif url and self._database:
            postgresql_there(url)
        if self.environment["DEMO"] == "on":
            clips_there(self.data_dir / "demo", int(self.environment.get("DEMO_CLIP_SECONDS") or DEFAULT_CLIP_SECONDS))

    def start(self, seconds: float = 60.0) -> float:
        """Starts it and returns once everything is ready, in how many seconds it was."""
        began = time.monotonic()
        self.launch()
        self.wait_until_ready(seconds)
        return time.monotonic() - began

    def wait_until_ready(self, seconds: float = 60.0) -> None:
        """Returns once everything that was launched last is ready."""
        process = self._process
        assert process

        def ready() -> bool:
            if process.poll() is not None:
                pytest.fail(f"up ended with {process.returncode}:\n{self.output()}")
            return self._said_ready() > self._ready_before

        try:
            eventually(ready, seconds, "ready")
        except pytest.fail.Exception:
            pytest.fail(f"up was not ready within {seconds:g} s:\n{self.output()}")

    def _said_ready(self) -> int:
        return self.output().count("ready on http") + self.output().count("workers are ready")

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS + 5) -> float:
        """Sends the signal and waits for the end; answers how many seconds it took."""
        assert self._process
        began = time.monotonic()
        self._process.send_signal(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"up did not stop within {seconds:g} s:\n{self.output()}")
        return time.monotonic() - began

    def send(self, number: signal.Signals) -> None:
        """Sends `up` itself a signal."""
        os.kill(self.pid, number)

    def restart(self) -> None:
        """Stops it and starts it again on the same data."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """Of `up` itself."""
        assert self._process
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Of `up`, or None while it runs."""
        return self._process.poll() if self._process else None

    def wait(self, seconds: float = 30.0) -> int:
        """Waits for `up` to end by itself and answers its exit code."""
        assert self._process
        return self._process.wait(seconds)

    def output(self) -> str:
        """Everything `up` and its parts have printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What its database answers, of either kind."""
        url = self.environment.get("DATABASE_URL")
        if url:
            with psycopg.connect(url) as asked:
                return asked.execute(statement.encode()).fetchall()
        with closing(sqlite3.connect(self.data_dir / "aniworld.db", timeout=30)) as database:
            return database.execute(statement).fetchall()

    # Processes

    def processes(self) -> list[linux.Process]:
        """Every living process that belongs to it, `up` itself among them."""
        mark = ("ANIWORLD_DATA_DIR", str(self.data_dir.resolve()))
        return [found for found in linux.processes() if mark in linux.environment_of(found.pid).items()]

    def cluster(self, name: str) -> list[linux.Process]:
        """All processes of a cluster, its first one first."""
        there = self.processes()
        groups = {one.pid for one in there if one.pid == one.group and one.name == f"tasks:{name}"}
        return sorted((one for one in there if one.group in groups), key=lambda one: (one.pid != one.group, one.pid))

    def workers(self, name: str) -> list[linux.Process]:
        """The worker processes of a cluster, in no order; their names tell who is busy (`aniworld-busy`) or idle."""
        return [found for found in self.cluster(name) if found.name.startswith("aniworld-")]

    def web(self) -> linux.Process:
        """The web server."""
        return next(one for one in self.processes() if one.name == "web")

    def fork_server(self) -> linux.Process:
        """The process of which web server and clusters are forks."""
        return next(one for one in self.processes() if one.name == "fork-server")

    def waiting_worker(self, name: str) -> linux.Process:
        """The idle worker that is next in line: it has the lock of the cluster's queue, and reads from its pipe."""

        def found() -> linux.Process | None:
            idle = [one for one in self.workers(name) if one.name == "aniworld-idle"]
            return next((one for one in idle if "pipe" in _waits_in(one.pid)), None)

        return eventually(found, what=f"an idle worker of {name}")  # type: ignore[return-value]  # true means found

    def clerk(self, name: str) -> linux.Process:
        """The process of a cluster that takes tasks from the broker and notes results."""
        return next(one for one in self.cluster(name)[1:] if not one.name.startswith("aniworld-"))

    def spoil_queue(self, name: str) -> None:
        """Begins a message in the cluster's queue that has no end: who is next in line waits for the rest for ever."""
        waiting = linux.PROC / str(self.waiting_worker(name).pid)
        # The system call that it is in, and its first argument: what it reads from.
        _call, file, *_rest = (waiting / "syscall").read_text().split()
        with (waiting / "fd" / str(int(file, 16))).open("wb", buffering=0) as pipe:
            pipe.write(struct.pack("!i", 2**27))

    def kill(self, process: linux.Process, number: signal.Signals = signal.SIGKILL) -> None:
        """Signals one process; one that is gone already is no error."""
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)

    def signal_cluster(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Signals the whole process group of a cluster."""
        os.killpg(self.cluster(name)[0].group, number)

    def kill_everything(self) -> None:
        """SIGKILLs `up` and every process of it, as a power cut would: held first, so that none sees another go."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)
        held: set[int] = set()
        while new := [process for process in self.processes() if process.pid not in held]:
            for process in new:
                self.kill(process, signal.SIGSTOP)
                held.add(process.pid)
        if self._process:
            self._process.kill()
            self._process.wait()
        while left := self.processes():
            for process in left:
                self.kill(process)
            time.sleep(0.02)

    # HTTP and socket

    def setup(self, username: str = "admin", **values: Any) -> None:
        """Makes the first user, and signs in."""
        values = {"username": username, "password": PASSWORD, "library_dir": str(self.data_dir / "library"), **values}
        answer = self.http.post(f"{self.url}/api/auth/setup", json=values, timeout=30)
        assert answer.status_code == 201, answer.text
        self.login(username)

    def login(self, username: str = "admin", password: str = PASSWORD) -> None:
        """Signs in; further requests carry the token."""
        body = {"username": username, "password": password}
        self.token = self.api("POST", "/api/auth/login", body)["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def api(self, method: str, path: str, body: Any = None, *, status: int | None = None, **query: Any) -> Any:
        """One call; answers the JSON. Fails on a status of 400 or more, or other than `status`."""
        answer = self.http.request(method, self.url + path, json=body, params=query, timeout=60)
        expected = answer.status_code == status if status else answer.ok
        assert expected, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    @contextmanager
    def events(self, *rooms: str) -> Any:
        """A signed-in socket that joined `rooms`. `next_event` reads from it."""
        with connect(f"ws://127.0.0.1:{self.port}/ws/connect", open_timeout=20) as client:
            client.send(json.dumps({"action": "authenticate", "token": self.token}))
            for room in rooms:
                client.send(json.dumps({"action": "join", "room": room}))
            yield client

    def manage(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Runs another management command on the same data."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def next_event(client: ClientConnection, *types: str, seconds: float = 30.0) -> dict[str, Any]:
    """The next message of one of these types (any, when none is named); others are passed over."""
    deadline = time.monotonic() + seconds
    while True:
        message: dict[str, Any] = json.loads(client.recv(timeout=max(0.01, deadline - time.monotonic())))
        if not types or message["type"] in types:
            return message


def proportional_memory(pids: list[int]) -> int:
    """The sum of the proportional set sizes, in bytes."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            found = re.search(r"^Pss:\s+(\d+)", (linux.PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) * 1024 if found else 0
    return total


def open_files(pid: int) -> set[str]:
    """What a process holds open: paths, and sockets by their number."""
    folder = linux.PROC / str(pid) / "fd"
    found = set()
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):
            found.add(str(entry.readlink()))
    return found


def _waits_in(pid: int) -> str:
    try:
        return (linux.PROC / str(pid) / "wchan").read_text()
    except OSError:
        return ""
