"""A process of its own that walks folders for a scan (`walking_child`): what is read here is not held up by it."""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from aniworld.environment import ROOT
from library.scanner.walking import Walked
from library.scanner.walking_child import LENGTH, message, unpacked

_CHILD = "library.scanner.walking_child"
# What names of files are read by; what is secret in the environment is not for it.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
# Bytes that a pipe should hold, so that it goes on while nobody reads: as many as Linux gives to everybody.
_PIPE = 1024 * 1024
# Seconds to wait for the end of one that was killed; on a disk that does not answer it comes later.
_ENDING = 5.0


class WalkerDied(Exception):
    """The process ended, and its last answers with it."""


class Walker:
    """The process, started at once; it is to be ended. Raises `OSError` when it can't be started.

    A fresh interpreter: the process of a scan has other threads, so a mere fork of it may hang.
    """

    def __init__(self, root: Path) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._child = subprocess.Popen(
            # With names read as here, whatever told this process how to.
            [
                *(sys.executable, "-E", "-s", "-S", "-X", f"utf8={sys.flags.utf8_mode}"),
                *("-m", _CHILD, os.fspath(root.absolute()), str(os.getpid())),
            ],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=kept,
            # What is sent to all processes of a worker is for its parent, with which it ends.
            start_new_session=True,
        )
        self._pipes = cast("tuple[IO[bytes], IO[bytes]]", (self._child.stdin, self._child.stdout))
        self._questions, self._answers = map(_ready, self._pipes)
        self._to_ask, self._heard = bytearray(), bytearray()

    def ask(self, folders: Sequence[str]) -> None:
        """Has these walked. Its answers come in the order of the questions. Raises `WalkerDied`."""
        self._to_ask += message(list(folders))
        self._send()

    def answers(self, seconds: float) -> list[Walked]:
        """What it has answered; waits so long for something to come. Raises `WalkerDied`."""
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        if self._to_ask:
            poll.register(self._questions, select.POLLOUT)
        if poll.poll(seconds * 1000):
            self._send()
            self._hear()
        return list(self._whole())

    def end(self) -> int | None:
        """Ends it at once, whatever it does; answers how it ended, as far as that is known."""
        # One that ended by itself says with what.
        if self._child.poll() is None:
            self._child.kill()
        for pipe in self._pipes:
            pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_ENDING)
        return self._child.returncode

    def _send(self) -> None:
        """As much as goes without waiting: while it waits for its answer to be read it reads no question."""
        try:
            while self._to_ask:
                del self._to_ask[: os.write(self._questions, self._to_ask)]
        except BlockingIOError:
            return
        except OSError as error:
            raise WalkerDied from error

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while data := os.read(self._answers, _PIPE):
                self._heard += data
            raise WalkerDied

    def _whole(self) -> Iterator[Walked]:
        """The answers that are there to their end."""
        while len(self._heard) >= LENGTH:
            end = LENGTH + int.from_bytes(self._heard[:LENGTH], "little")
            if len(self._heard) < end:
                return
            values = marshal.loads(self._heard[LENGTH:end])  # noqa: S302 - from a process of our own
            del self._heard[:end]
            yield unpacked(*values)


def _ready(pipe: IO[bytes]) -> int:
    """The handle of a pipe's end, with room for much, and so that it is never waited for."""
    handle = pipe.fileno()
    os.set_blocking(handle, False)
    with suppress(AttributeError, OSError):
        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, _PIPE)
    return handle
