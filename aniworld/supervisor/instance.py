"""Which `up` this is, that it is the only one on its data folder, and which earlier ones left something behind.

An `up` holds a lock on `RUN_DIR/<instance>.lock` as long as it lives. The kernel lets go of it however the process
ends, so "is it still there" is answered without process ids, which are reused.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings

from aniworld.supervisor import linux, marking
from aniworld.supervisor.marking import DATA, INSTANCE, WORKERS

STARTED = "ANIWORLD_STARTED_AT"
ROLES = ("web", "workers")


class AlreadyRunning(Exception):
    """Another `up` has this role on this data folder."""


def own_name() -> str:
    """The name of this `up`: the one it was started with, or a new one."""
    return name() if marking.is_marked() else marking.new_name()


def name() -> str:
    """The `up` this process belongs to; empty outside of one."""
    return os.environ.get(INSTANCE, "")


def is_of_workers() -> bool:
    """Whether this process is one from which workers of an `up` are forked, or such a worker."""
    return bool(name() and os.environ.get(WORKERS))


def marks(instance: str) -> dict[str, str]:
    """The variables by which every process of an `up` is known in the process table."""
    return {INSTANCE: instance, DATA: str(settings.DATA_DIR)}


def beginning() -> dict[str, str]:
    """The variable that tells every process of an `up` when that was started: by a clock that nobody sets."""
    return {STARTED: f"{time.monotonic():.3f}"}


def age() -> float | None:
    """Seconds since the `up` this process belongs to was started; None outside of one."""
    given = os.environ.get(STARTED, "")
    try:
        return max(0.0, time.monotonic() - float(given)) if given else None
    except ValueError:
        return None


class Claim:
    """The right to be the `up` of this data folder, for some roles. Held until `release` or the end of the process."""

    def __init__(self, instance: str, roles: tuple[str, ...] = ROLES) -> None:
        self.instance = instance
        self._held: list[IO[str]] = []
        try:
            for role in roles:
                self._hold(settings.RUN_DIR / f"up-{role}.lock", role)
            self._hold(settings.RUN_DIR / f"{instance}.lock", instance)
        except AlreadyRunning:
            self.release()
            raise
        # A fork would hold them as well, longer than this process lives.
        os.register_at_fork(after_in_child=self._let_go)

    def _hold(self, path: Path, what: str) -> None:
        # Opened for appending: the text of the one who holds it must survive our try.
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise AlreadyRunning(f"{what}, process {holder or 'unknown'}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._held.append(file)

    def release(self) -> None:
        """Gives the folder free."""
        (settings.RUN_DIR / f"{self.instance}.lock").unlink(missing_ok=True)
        self._let_go()

    def _let_go(self) -> None:
        for file in self._held:
            file.close()
        self._held.clear()


def is_held(role: str) -> bool:
    """Whether an `up` of this data folder has that role now: web or workers."""
    try:
        with (settings.RUN_DIR / f"up-{role}.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def is_dead(instance: str) -> bool:
    """Whether this `up` ran on this data folder and has ended without tidying up. A foreign one is never dead."""
    try:
        with (settings.RUN_DIR / f"{instance}.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError:
        return False


def dead_ones() -> list[str]:
    """Every `up` of this data folder that was killed and not yet cleared up after."""
    names = (path.stem for path in settings.RUN_DIR.glob("*.lock") if not path.stem.startswith("up-"))
    return [instance for instance in names if is_dead(instance)]


def forget(instances: list[str]) -> None:
    """They are cleared up after."""
    for instance in instances:
        with suppress(OSError):
            (settings.RUN_DIR / f"{instance}.lock").unlink(missing_ok=True)


def reap(instances: list[str]) -> int:
    """Kills what processes of these `up`s are left; answers how many. Only their own marks make a process theirs."""
    return sum(
        linux.kill_if(found.pid, marks(instance))
        for found in linux.processes()
        for instance in instances
        if found.pid != os.getpid()
    )
