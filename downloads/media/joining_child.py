"""Joins segments in a process of its own, and asks the one that started it for one after the other.

Every packet goes through Python twice. Within the worker it would wait each time for the threads that fetch, and they
for it: together they took twice as long. And what crashes FFmpeg's libraries ends only this process.

One JSON object a line. In comes the task first (what to write, and how many groups each rendition has), then for each
question `{"path": …}`, null at the end of a group. Out go `{"next": [rendition, group]}`, `{"alive": true}` now and
then, and at last `{"ended": …}` with how it ended.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from downloads.media import remux
from providers.exceptions import WrongContent

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """One file, then the end; also when the process that started this one is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Sent to all processes of a worker: when this one ends is for that to say.
        signal.signal(number, signal.SIG_IGN)
    task = _read()
    aim = remux.Aim(**{**task["aim"], "target": Path(task["aim"]["target"])})
    renditions = [[_paths(number, group) for group in range(count)] for number, count in enumerate(task["groups"])]
    _write(_ended(aim, renditions))


def _ended(aim: remux.Aim, renditions: list[list[Iterator[Path]]]) -> dict[str, Any]:
    try:
        remux.to_mp4(aim, *renditions, alive=lambda: _write({"alive": True}))
    except remux.IndexTooLarge:
        return {"ended": "index"}
    except WrongContent as error:
        return {"ended": "wrong", "message": str(error)}
    except OSError as error:
        return {"ended": "system", "errno": error.errno or errno.EIO}
    return {"ended": "whole"}


def _paths(rendition: int, group: int) -> Iterator[Path]:
    """The files of a group, each asked for when the one before is read."""
    while True:
        _write({"next": [rendition, group]})
        path = _read()["path"]
        if path is None:
            return
        yield Path(path)


def _read() -> Any:
    line = sys.stdin.readline()
    if not line:
        # Nobody waits for the file any more.
        os._exit(1)
    return json.loads(line)


def _write(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
