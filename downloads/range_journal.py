"""Which ranges of a growing file are there, noted beside it so that a killed process loses next to nothing.

One line for each note, each with its own checksum. Lines are only added, and reading ends at the first one that is not
whole: whatever is cut off or spoilt, the journal claims less than there is, never more. Bytes that were written survive
the process, but after a start of the machine only those count that were flushed before.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from downloads.ranges import Range, length, merged

DATA, RANGES = "data", "ranges"
LONGEST = 64 * 1024


def boot_id() -> str:
    """Changes with each start of the machine: after one, only what was flushed is known to be on disk."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Head:
    """What the server said of the file. `total` is None where it did not say."""

    total: int | None = None
    etag: str = ""
    last_modified: str = ""


@dataclass(slots=True)
class Noted:
    """What a journal says. `have` is what can be relied on now."""

    head: Head = field(default_factory=Head)
    have: list[Range] = field(default_factory=list)
    synced: list[Range] = field(default_factory=list)


def read(folder: Path) -> Noted | None:
    """What was noted beside the data; None when there is nothing to go by."""
    try:
        lines = (folder / RANGES).read_bytes().split(b"\n")
        noted = _headed(_payload(lines[0]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    boot, written = noted
    for line in lines[1:]:
        try:
            _add(written, _payload(line))
        except (ValueError, TypeError, KeyError):
            break
    written.have = merged(written.synced if boot != boot_id() else [*written.have, *written.synced])
    return written


def claimed(folder: Path) -> int:
    """Bytes that the journal in a folder relies on, 0 without one."""
    noted = read(folder)
    return length(noted.have) if noted else 0


class RangeJournal:
    """An open journal. May be shared by threads.

    It is written through the file that was opened: when a successor has taken the folder over and begun a journal of
    its own, what a predecessor adds reaches nobody.
    """

    def __init__(self, folder: Path, head: Head, have: Iterable[Range], synced: Iterable[Range]) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file = -1
        # What was noted since the file at hand was begun.
        self._noted: list[Range] = []
        self.head = head
        self.renew(have, synced)

    def renew(self, have: Iterable[Range], synced: Iterable[Range]) -> None:
        """Replaces the journal in one step by a short one that says this, and what others note meanwhile."""
        synced = list(synced)
        with self._lock:
            known = len(self._noted)
            ranges = merged([*have, *self._noted])
        lines = [_line({"boot": boot_id(), **asdict(self.head)}), _line({"synced": synced})]
        temporary = self._folder / f"{RANGES}.new"
        temporary.write_bytes(b"".join([*lines, *(_line(list(part)) for part in ranges)]))
        file = os.open(temporary, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if synced:
            # The one that it replaces may have been flushed, and a power cut must not leave less than that.
            os.fdatasync(file)
        with self._lock:
            self._noted = self._noted[known:]
            os.write(file, b"".join(_line(list(part)) for part in self._noted))
            temporary.replace(self._folder / RANGES)
            self._close()
            self._file = file

    def wrote(self, start: int, end: int) -> None:
        """These bytes are in the file, whatever becomes of this process."""
        if end > start:
            with self._lock:
                self._noted.append((start, end))
                os.write(self._file, _line([start, end]))

    def synced(self, have: list[Range]) -> None:
        """These bytes are on the disk, whatever becomes of the machine; others may have been noted since."""
        if os.fstat(self._file).st_size > LONGEST:
            self.renew(have, have)
            return
        with self._lock:
            os.write(self._file, _line({"synced": have}))
        os.fdatasync(self._file)

    def close(self) -> None:
        """Nothing is added any more."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _line(payload: Any) -> bytes:
    text = json.dumps(payload).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _payload(line: bytes) -> Any:
    """Raises ValueError unless the line is whole."""
    if int(line[:8], 16) != zlib.crc32(line[9:]):
        raise ValueError("a spoilt line")
    return json.loads(line[9:])


def _headed(payload: Any) -> tuple[str, Noted]:
    head = Head(payload["total"], payload["etag"], payload["last_modified"])
    return payload["boot"], Noted(head)


def _add(noted: Noted, payload: Any) -> None:
    if isinstance(payload, dict):
        noted.synced = [(int(start), int(end)) for start, end in payload["synced"]]
    else:
        start, end = payload
        noted.have.append((int(start), int(end)))
