"""A lock between processes that ends with whoever holds it, as the queues of a cluster need it.

A `multiprocessing.Queue` is read under a lock, which who waits for the next item holds all the time. Killed there, it
takes the lock with it, and nobody reads from that queue again. A record lock of the kernel (fcntl(2), `F_SETLKW`)
belongs to the process and is gone with it.
"""

from __future__ import annotations

import fcntl
import tempfile
from types import TracebackType


class RobustLock:
    """Shared by all forks of the process that made it. Keeps processes apart, not the threads of one."""

    def __init__(self) -> None:
        # Known to forks alone: closing any descriptor of a file gives away the locks that a process has on it.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the lock is used

    def __enter__(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)
