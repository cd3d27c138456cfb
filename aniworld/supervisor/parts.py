"""The processes `up` starts: each in a process group of its own, so that it can be ended whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from aniworld.supervisor import linux
from aniworld.supervisor.tie import PARENT

# Seconds until a part that ended is started again: doubled each time, forgotten after it ran well for a while.
FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
RAN_WELL = 120.0


class Process(Protocol):
    """What is asked of a process that another one started for `up`, as of `subprocess.Popen`. Its id comes late."""

    @property
    def pid(self) -> int:
        """Its id; 0 until it is there."""

    def poll(self) -> int | None:
        """How it ended, or None until then."""

    def wait(self, timeout: float) -> int:
        """As `poll`, waiting for it. Raises `subprocess.TimeoutExpired`."""


class Child:
    """A fork of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        # Two threads ask, and only the first to hear of the end is told how it was.
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        """How it ended, or None until then."""
        with self._asking:
            if self._code is None:
                self._code = self._ended()
        return self._code

    def _ended(self) -> int | None:
        try:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            # Somebody else was told of its end.
            return -signal.SIGKILL
        return os.waitstatus_to_exitcode(status) if ended else None

    def wait(self, timeout: float) -> int:
        """As `poll`, waiting for it. Raises `subprocess.TimeoutExpired`."""
        return waited_for(self, "a fork", timeout)


def waited_for(process: Process, name: str, timeout: float) -> int:
    """How it ended, as soon as it has. Raises `subprocess.TimeoutExpired`."""
    deadline = time.monotonic() + timeout
    while (code := process.poll()) is None:
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(name, timeout)
        time.sleep(0.02)
    return code


class Part:
    """One child of `up`: web server, demo site or a cluster of workers. Only the main thread starts and ends it.

    `ready` and `complaint` are set from the thread that looks at it: whether it answered since its last start, and why
    it has to be started again.
    """

    stops_first = False

    def __init__(
        self,
        name: str,
        label: str,
        module: list[str],
        *,
        environment: dict[str, str] | None = None,
        descriptors: tuple[int, ...] = (),
        probe: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self.label = label
        self.probe = probe
        self.ready = False
        self.announced = False
        self.complaint = ""
        self.starts = 0
        self._module = module
        self._environment = environment or {}
        self._descriptors = descriptors
        self._process: subprocess.Popen[bytes] | Process | None = None
        self._started_at = 0.0
        self._delay = FIRST_DELAY
        self._start_at = 0.0

    @property
    def group(self) -> int:
        """The id of its process group, which is that of its first process; 0 before the first start."""
        return self._process.pid if self._process else 0

    @property
    def exit_code(self) -> int | None:
        """How its first process ended, or None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether its first process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def is_due(self) -> bool:
        """Whether it does not run and the wait after its last end is over."""
        return not self.is_running and time.monotonic() >= self._start_at

    def start(self) -> None:
        """Starts it. What is left of the run before is killed first."""
        self.kill()
        self.starts += 1
        self._started_at = time.monotonic()
        self._process = self._launch()

    def _launch(self) -> subprocess.Popen[bytes] | Process:
        return subprocess.Popen(
            [sys.executable, "-m", *self._module],
            env={**os.environ, **self._environment, PARENT: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=self._descriptors,
        )

    def start_again_later(self) -> float:
        """Kills what is left and answers in how many seconds it may start again, more each time."""
        if time.monotonic() - self._started_at > RAN_WELL:
            self._delay = FIRST_DELAY
        delay, self._delay = self._delay, min(2 * self._delay, LONGEST_DELAY)
        self._start_at = time.monotonic() + delay
        self.kill()
        self._process = None
        self.ready, self.complaint = False, ""
        return delay

    def ask_to_stop(self) -> None:
        """Asks it to end by itself."""
        if self.group:
            signal_group(self.group, signal.SIGTERM)

    def is_gone(self) -> bool:
        """Whether no process of it is left."""
        return not self.is_running and not (self.group and linux.group_members(self.group))

    def kill(self) -> None:
        """Ends every process of its group, at once."""
        # Without an id there is no group yet, and 0 would mean our own.
        if self._process is None or not self.group:
            return
        signal_group(self.group, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)


def signal_group(group: int, number: signal.Signals) -> None:
    """Signals every process of a group."""
    # Gone already, or a zombie only.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
