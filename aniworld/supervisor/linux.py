"""What Linux tells about processes, and how it ties a child's life to its parent's. Elsewhere it answers nothing."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

PROC = Path("/proc")
KNOWN = sys.platform == "linux" and PROC.is_dir()
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Process:
    """One line of the process table. `state` is proc(5)'s letter: R, S, D, T (stopped), Z (zombie) …"""

    pid: int
    name: str
    state: str
    parent: int
    group: int

    @property
    def stopped(self) -> bool:
        """Held by SIGSTOP: it does nothing until it is told to go on."""
        return self.state == "T"


def process(pid: int) -> Process | None:
    """The process with this id, or None when there is none."""
    try:
        line = _read(f"{PROC}/{pid}/stat")
    except OSError:
        return None
    # The name stands in parentheses and may hold any character, also parentheses.
    name, _, rest = line.partition("(")[2].rpartition(")")
    state, parent, group = rest.split()[:3]
    return Process(pid, name, state, int(parent), int(group))


def processes() -> Iterator[Process]:
    """Every process of this machine that is not a zombie."""
    if not KNOWN:
        return
    for folder in PROC.iterdir():
        found = process(int(folder.name)) if folder.name.isdigit() else None
        if found and found.state != "Z":
            yield found


def group_members(group: int) -> list[Process]:
    """The living processes of a process group."""
    return [found for found in processes() if found.group == group]


def descendants(pid: int) -> list[Process]:
    """The children of `pid`, theirs and so on, without zombies; cheap, it does not read the whole table."""
    found = []
    for child in _children(pid):
        known = process(child)
        if known and known.state != "Z":
            found += [known, *descendants(child)]
    return found


def family(pid: int) -> list[Process]:
    """The process and its descendants, without zombies."""
    known = process(pid)
    return [*([known] if known and known.state != "Z" else []), *descendants(pid)]


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in _read(f"{PROC}/{pid}/task/{pid}/children").split()]
    except OSError:
        return []


def _read(path: str) -> str:
    # The plainest way: some thirty of these are read each second, for as long as nothing else happens.
    with FileIO(path) as file:
        return file.read().decode(errors="replace")


def environment_of(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty when it is gone or somebody else's."""
    try:
        text = (PROC / str(pid) / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)


def kill_if(pid: int, marks: dict[str, str]) -> bool:
    """SIGKILLs the process if it was started with these variables. The handle keeps a reused id from being hit."""
    try:
        handle = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return False
    try:
        known = environment_of(pid)
        if any(known.get(name) != value for name, value in marks.items()):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)


def call_itself(name: str) -> None:
    """Sets the name that `ps` and `top` show for this process, up to 15 characters."""
    with suppress(OSError):
        (PROC / "self" / "comm").write_text(name[:15])


def give_memory_back() -> None:
    """Returns to the system what this process has freed: each of its threads leaves some of it lying about otherwise.

    It takes a millisecond or two. Where the C library has no such thing it does nothing.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def die_with_parent() -> None:
    """SIGKILL for this process as soon as the thread that started it ends, however it ends."""
    if KNOWN:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def tie_forks_too() -> None:
    """From now on each fork of this process dies with it, and so on down: a killed parent leaves no orphan at work."""
    if not KNOWN:
        return
    forking: dict[str, int] = {}

    def before() -> None:
        # The signal comes when the forking *thread* ends, so a fork by a passing thread is left alone.
        main = threading.current_thread() is threading.main_thread()
        forking["parent"] = os.getpid() if main else 0

    def after() -> None:
        if forking.get("parent"):
            die_with_parent()
            if os.getppid() != forking["parent"]:
                os._exit(1)

    os.register_at_fork(before=before, after_in_child=after)
