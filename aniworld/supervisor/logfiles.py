"""Keeps log files small. Many processes append to them, so only `up` moves them; the others notice and reopen."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

KEPT_FILES = 9
DAY = 86400.0
_BEGINS = re.compile(rb"(?:\{\"time\": \")?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")


def rotate(folder: Path, largest_bytes: int, keep_days: int) -> None:
    """Moves each `*.log` that is full to `.1`, older ones up to `.9`; deletes what is older than `keep_days`.

    A file is full at `largest_bytes`, or when it spans its share of the days: nine of them go back all those days.
    """
    with _alone(folder) as is_mine:
        # Two `up`s of one data folder, one for pages and one for workers, must not both move a file.
        if is_mine:
            _rotate(folder, largest_bytes, keep_days)


def _rotate(folder: Path, largest_bytes: int, keep_days: int) -> None:
    now = time.time()
    for path in folder.glob("*.log"):
        if path.stat().st_size > largest_bytes or now - _beginning(path, now) > keep_days * DAY / KEPT_FILES:
            _shift(path)
    for path in folder.glob("*.log.[0-9]"):
        if path.stat().st_mtime < now - keep_days * DAY:
            path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def _beginning(path: Path, otherwise: float) -> float:
    """When its first line was written, in seconds since 1970; `otherwise` for a file that does not tell."""
    with path.open("rb") as file:
        found = _BEGINS.match(file.read(40))
    if found:
        with suppress(ValueError):
            return datetime.fromisoformat(f"{found[1].decode()}+00:00").timestamp()
    return otherwise


def _shift(path: Path) -> None:
    for number in range(KEPT_FILES, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if newer.exists():
            newer.replace(older)
