"""The fork server, and web server and clusters of workers as parts of `up` that are its forks."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from django.db import connections

from aniworld.supervisor import instance, linux
from aniworld.supervisor.fork_server import LARGEST_MESSAGE, become_fork_server
from aniworld.supervisor.marking import PAGES, WORKERS
from aniworld.supervisor.parts import Child, Part, Process, waited_for

# Seconds.
HELD_FOR = 10.0


class ForkServer(Part):
    """Has loaded what web server and workers need and has them as forks, which end with it.

    The first is itself a fork of `up`, so that `up` shares that memory, and nothing is loaded twice. One that takes its
    place is not: by then `up` has threads, and whoever has those must not fork.

    `listener` is the web server's socket; None is for one of workers alone, which loads neither admin nor API.
    """

    def __init__(self, label: str, listener: int | None, *, workers: bool) -> None:
        environment = {PAGES: "off" if listener is None else "on"}
        environment |= {WORKERS: "on"} if workers else {}
        super().__init__("fork-server", label, [], environment=environment)
        self.probe = self._probe
        self._listener = listener
        self._channel: socket.socket | None = None
        self._forks: list[Forked] = []
        # Its messages are read by whichever thread asks first.
        self._listening = threading.Lock()
        self._held_since: float | None = None

    def start(self) -> None:
        """Starts it. It is ready when it says so."""
        self.kill()
        with self._listening:
            self._end_all()
            if self._channel:
                self._channel.close()
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._channel.setblocking(False)
        with theirs:
            self._descriptors = (theirs.fileno(), *(() if self._listener is None else (self._listener,)))
            self._module = ["aniworld.supervisor.fork_server", *map(str, self._descriptors)]
            super().start()

    def _launch(self) -> subprocess.Popen[bytes] | Process:
        return Child(self._forked()) if self._can_fork() else super()._launch()

    def _can_fork(self) -> bool:
        """Whether this process has no threads, and was started with all that is looked for in a fork's environment."""
        wanted = {**self._environment, **instance.marks(instance.name())}
        is_same = wanted.items() <= linux.environment_of(os.getpid()).items()
        return is_same and len(list((linux.PROC / "self" / "task").iterdir())) == 1

    def _forked(self) -> int:
        parent, (theirs, *listener) = os.getpid(), self._descriptors
        connections.close_all()
        # A collection would write to every object it looks at, and so copy what is shared.
        gc.collect()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            become_fork_server(parent, theirs, listener, self._channel)
        return pid

    def fork(self, name: str) -> Forked:
        """Asks for the web server or a cluster of that name; it is there when the fork server says so."""
        process = Forked(self, name)
        self._forks.append(process)
        try:
            if self._channel:
                self._channel.send(name.encode())
        except OSError:
            process.end(-signal.SIGKILL)
        return process

    def listen(self) -> None:
        """Takes in what it has told since. When it has ended, so have all its forks."""
        with self._listening:
            while message := self._message():
                self._heed(message.decode().split())
            if not self.is_running:
                self._end_all()

    def look(self) -> None:
        """Says on itself that it has to be started again when SIGSTOP holds it. A chore, for each second or two."""
        known = linux.process(self.group) if self.is_running else None
        if known is None or not known.stopped:
            self._held_since = None
            return
        self._held_since = self._held_since or time.monotonic()
        if time.monotonic() - self._held_since >= HELD_FOR:
            self.complaint = "is held by SIGSTOP"

    def _end_all(self) -> None:
        for process in self._forks:
            process.end(-signal.SIGKILL)
        self._forks.clear()

    def _probe(self) -> bool:
        self.listen()
        return self.ready

    def _message(self) -> bytes:
        # Nothing new, or nobody there any more.
        with suppress(OSError):
            return self._channel.recv(LARGEST_MESSAGE) if self._channel else b""
        return b""

    def _heed(self, words: list[str]) -> None:
        match words:
            case ["ready"]:
                self.ready = True
            case ["started", name, pid]:
                for process in self._forks:
                    process.begin(name, int(pid))
            case ["ended", pid, code]:
                for process in self._forks:
                    if process.pid == int(pid):
                        process.end(int(code))


class Forked:
    """A child of the fork server, and so known by what that tells."""

    def __init__(self, server: ForkServer, name: str) -> None:
        self.name = name
        self.pid = 0
        self.code: int | None = None
        self._server = server

    def begin(self, name: str, pid: int) -> None:
        """One of that name has begun: this one, if it was waited for."""
        if self.name == name and not self.pid and self.code is None:
            self.pid = pid

    def end(self, code: int) -> None:
        """It has ended; the first word on how counts."""
        self.code = code if self.code is None else self.code

    def poll(self) -> int | None:
        """How it ended, or None until then."""
        self._server.listen()
        return self.code

    def wait(self, timeout: float) -> int:
        """As `poll`, waiting for it. Raises `subprocess.TimeoutExpired`."""
        return waited_for(self, self.name, timeout)


class Fork(Part):
    """A part that is a fork of the fork server."""

    def __init__(self, name: str, label: str, server: ForkServer, *, probe: Callable[[], bool] | None = None) -> None:
        super().__init__(name, label, [], probe=probe)
        self._server = server

    @property
    def is_running(self) -> bool:
        """Whether its first process is there; not yet while the fork server has only been asked for it."""
        return bool(self.group) and super().is_running

    @property
    def is_due(self) -> bool:
        """Whether it can be asked for, and has not been."""
        return self._process is None and self._server.ready and super().is_due

    def _launch(self) -> Forked:
        return self._server.fork(self.name)


class Cluster(Fork):
    """A django-q2 cluster: its first process, the sentinel that guards, and workers and clerk below it.

    `spare` of its `workers` are more than were asked for, kept free for the bell.

    The sentinel has nothing to lose: it is held while the others end, and killed after.
    """

    stops_first = True

    def __init__(self, name: str, label: str, workers: int, server: ForkServer, *, spare: int = 0) -> None:
        super().__init__(name, label, server)
        self.workers, self.spare = workers, spare

    def ask_to_stop(self) -> None:
        """Holds the sentinel, then asks the workers to end: idle ones do so at once, busy ones put away their work.

        For an ended worker the sentinel would start another.
        """
        if self.is_running and linux.KNOWN:
            with suppress(OSError):
                os.kill(self.group, signal.SIGSTOP)
        for found in self._at_work():
            with suppress(OSError):
                os.kill(found.pid, signal.SIGTERM)
        if not linux.KNOWN:
            super().ask_to_stop()

    def is_gone(self) -> bool:
        """Whether everyone but the sentinel has ended."""
        return not self._at_work() if linux.KNOWN else super().is_gone()

    def _at_work(self) -> list[linux.Process]:
        return [found for found in linux.group_members(self.group) if found.pid != self.group] if self.group else []
