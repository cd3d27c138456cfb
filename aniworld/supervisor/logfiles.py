"""Keeps log files small. Many processes append to them, so only `up` moves them; the others notice and reopen."""

from __future__ import annotations

import time
from pathlib import Path

KEPT_FILES = 9


def rotate(folder: Path, largest_bytes: int, keep_days: int) -> None:
    """Moves each `*.log` that grew beyond `largest_bytes` to `.1`, older ones up to `.9`; deletes what is too old."""
    for path in folder.glob("*.log"):
        if path.stat().st_size > largest_bytes:
            _shift(path)
    oldest = time.time() - keep_days * 86400
    for path in folder.glob("*.log.[0-9]"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _shift(path: Path) -> None:
    for number in range(KEPT_FILES, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if newer.exists():
            newer.replace(older)
