"""Pictures that were fetched, as files in `DATA_DIR/covers`: bounded in number and size, the oldest go first."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

MOST_FILES = 2000
MOST_BYTES = 500 * 1024 * 1024
# The folder is looked through once in so many writes, so it may hold that much more for a while.
LOOK_EVERY = 50
_AGAIN_AFTER = 600.0
_lock = threading.Lock()
_writes = 0


def read(url: str) -> bytes | None:
    """What was fetched from `url`. b"" when that failed lately, None when it is worth a try."""
    path = _path(url)
    try:
        content = path.read_bytes()
        stale = not content and time.time() - path.stat().st_mtime > _AGAIN_AFTER
    except OSError:
        return None
    return None if stale else content


def write(url: str, content: bytes) -> None:
    """Keeps what was fetched; empty says that it failed. A full disk costs a second fetch, no page."""
    path = _path(url)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    if _is_time_to_look():
        prune(path.parent)


def prune(folder: Path) -> None:
    """Deletes the oldest files until neither number nor size is too much."""
    with suppress(OSError), os.scandir(folder) as entries:
        found = sorted(((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in entries), reverse=True)
        size = 0
        for number, (_time, bytes_, path) in enumerate(found, start=1):
            size += bytes_
            if number > MOST_FILES or size > MOST_BYTES:
                Path(path).unlink(missing_ok=True)


def _path(url: str) -> Path:
    return Path(settings.DATA_DIR) / "covers" / hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()


def _is_time_to_look() -> bool:
    global _writes
    with _lock:
        _writes += 1
        return _writes % LOOK_EVERY == 1
