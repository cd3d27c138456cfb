"""The processes `up` starts: each in a process group of its own, so that it can be ended whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from aniworld.supervisor import linux
from aniworld.supervisor.tie import PARENT

# Seconds until a part that ended is started again: doubled each time, forgotten after it ran well for a while.
FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
RAN_WELL = 120.0


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
        self._process: subprocess.Popen[bytes] | None = None
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
        self._process = subprocess.Popen(
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
            _signal_group(self.group, signal.SIGTERM)

    def is_gone(self) -> bool:
        """Whether no process of it is left."""
        return not self.is_running and not (self.group and linux.group_members(self.group))

    def kill(self) -> None:
        """Ends every process of its group, at once."""
        if self._process is None:
            return
        _signal_group(self.group, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)


class Cluster(Part):
    """A django-q2 cluster: its first process, the sentinel that guards, and workers, pusher and monitor below it.

    The sentinel has nothing to lose: it is held while the others end, and killed after.
    """

    stops_first = True

    def __init__(self, name: str, label: str, workers: int) -> None:
        super().__init__(name, label, ["aniworld.supervisor.cluster"], environment={"Q_CLUSTER_NAME": name})
        self.workers = workers

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


def _signal_group(group: int, number: signal.Signals) -> None:
    # Gone already, or a zombie only.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
