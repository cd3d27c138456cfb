"""The process that walks folders for a scan: told which, it answers what is in them, until the scan ends.

    python -E -s -S -m library.scanner.walking_child /srv/series 4711

The second word is the process that it works for, which talks to it by `walker`. It loads no Django: it is ready in less
than a tenth of a second. A message is its length in four bytes, lowest first, and values as `marshal` writes them.
"""

from __future__ import annotations

import gc
import marshal
import os
import select
import sys
from array import array
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

from library.scanner.walking import Video, Walked, walk

LENGTH = 4
# Milliseconds between two looks at whether anybody still waits for an answer.
_PATIENCE = 1000


def main() -> None:
    """Answers until nobody asks any more."""
    root, parent = Path(sys.argv[1]), int(sys.argv[2])

    def demand_parent() -> None:
        # The pipe's end tells of it as well, but not in the middle of a walk, nor if a fork holds the pipe open.
        if os.getppid() != parent:
            sys.exit()

    # Nothing here refers to itself, so that there is no garbage to look for.
    gc.disable()
    os.set_blocking(sys.stdout.fileno(), False)
    while True:
        length = int.from_bytes(_read(LENGTH, demand_parent), "little")
        walked = Walked()
        for folder in marshal.loads(_read(length, demand_parent)):  # noqa: S302 - from the parent
            walk(root, folder, demand_parent, walked)
        _write(message(packed(walked)), demand_parent)


def message(values: Any) -> bytes:
    """With its length before it."""
    data = marshal.dumps(values)
    return len(data).to_bytes(LENGTH, "little") + data


def packed(walked: Walked) -> tuple[str, bytes, bytes, dict[str, str]]:
    """In few values, which are quick to send: no path holds a NUL."""
    paths, sizes, times = zip(*walked.videos, strict=True) if walked.videos else ((), (), ())
    return "\0".join(paths), array("q", sizes).tobytes(), array("d", times).tobytes(), walked.unreadable


def unpacked(paths: str, sizes: bytes, times: bytes, unreadable: dict[str, str]) -> Walked:
    """What `packed` made, as it was."""
    values = zip(paths.split("\0") if paths else (), array("q", sizes), array("d", times), strict=True)
    return Walked(list(map(tuple.__new__, repeat(Video), values)), unreadable)


def _read(count: int, demand_parent: Callable[[], None]) -> bytes:
    data = b""
    while len(data) < count:
        _wait(sys.stdin.fileno(), select.POLLIN, demand_parent)
        piece = os.read(sys.stdin.fileno(), count - len(data))
        if not piece:
            sys.exit()
        data += piece
    return data


def _write(data: bytes, demand_parent: Callable[[], None]) -> None:
    rest = memoryview(data)
    while rest:
        _wait(sys.stdout.fileno(), select.POLLOUT, demand_parent)
        rest = rest[os.write(sys.stdout.fileno(), rest) :]


def _wait(pipe: int, event: int, demand_parent: Callable[[], None]) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    while not poll.poll(_PATIENCE):
        demand_parent()


if __name__ == "__main__":
    main()
