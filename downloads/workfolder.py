"""The folder in which one item's data grows until it is whole.

It is `<work>/<item id>/<token>`: a successor adopts what is there by renaming the folder to its own token. From that
moment the paths of a predecessor that still runs lead nowhere, so it can't move a file into the library any more.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from downloads import range_journal
from downloads.range_journal import DATA, RANGES

JOURNAL = "journal.json"
# How long a slow disk may take over one flush or one piece of a copy.
SLOW_DISK_SECONDS = 900
# How the names of folders end that are being removed.
DOOMED = ".doomed"


class WorkFolder:
    """The folder of one item under one token."""

    def __init__(self, root: Path, item_id: int, token: str) -> None:
        self.parent = root / str(item_id)
        self.path = self.parent / token

    def adopt(self) -> None:
        """Takes over the newest data that a predecessor left, or begins with an empty folder."""
        self.parent.mkdir(parents=True, exist_ok=True)
        found = sorted(
            (entry for entry in self.parent.iterdir() if entry.is_dir()), key=lambda entry: entry.stat().st_mtime
        )
        for entry in reversed(found):
            if self.path.exists():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry != self.path:
                entry.rename(self.path)
        self.path.mkdir(exist_ok=True)

    def source(self, *identity: str) -> Path:
        """The folder for what comes from one source; data of two sources never mix.

        Raises FileNotFoundError when a successor took the folder over: it must not come back under the old token.
        """
        name = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return folder

    def remove(self) -> None:
        """Removes the data, and the item's folder when nothing else is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        try:
            self.parent.rmdir()
        except OSError:
            # Somebody else's data is in it, or it is gone already.
            return


def discard(folder: Path) -> None:
    """Removes what nobody needs any more, without making anybody wait: on some disks it takes long.

    What a kill leaves of it goes with the item's folder.
    """
    doomed = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}{DOOMED}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    threading.Thread(target=shutil.rmtree, args=(doomed, True), name="discard", daemon=True).start()


def size(folder: Path) -> int:
    """Bytes of all files below but those being removed; of one that grows in several places, those that are there."""
    found = 0
    # Passes over a folder that is gone by the time it is looked into.
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if DOOMED not in name]
        found += sum(_size(Path(place, name)) for name in files if DOOMED not in name)
    return found


def _size(path: Path) -> int:
    if path.name == DATA and (path.parent / RANGES).exists():
        return range_journal.claimed(path.parent)
    try:
        found = path.stat()
    except FileNotFoundError:
        # It got its final name, or was of no use any more, at this very moment.
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def read_journal(folder: Path) -> dict[str, Any]:
    """What was noted beside the data; empty when there is none or it can't be read."""
    try:
        noted = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def write_journal(folder: Path, noted: dict[str, Any], *, durable: bool = False) -> None:
    """Replaces the journal in one step; `durable` also before a power loss."""
    temporary = folder / f"{JOURNAL}.new"
    temporary.write_text(json.dumps(noted), encoding="utf-8")
    if durable:
        flush(temporary)
    temporary.replace(folder / JOURNAL)
    if durable:
        flush(folder)


def flush(path: Path) -> None:
    """A file's bytes, or a folder's names, are on the disk after this."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def item_folders(root: Path) -> Iterator[tuple[int, Path]]:
    """Every item's folder below the work root, with the item's id; none while the root itself is not there."""
    if not root.is_dir():
        return
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and entry.name.isdecimal():
                yield int(entry.name), Path(entry.path)
