"""The disks that downloads are written to, and the one judgement of whether there is room on them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from aniworld.configuration import store
from library.root import configured_root

GIGABYTE = 1000**3


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system that is written to: `name` tells it from others, `folder` is where. Sizes are in bytes.

    `files` is how many more files can be made; None where the file system has no such limit.
    """

    name: str
    folder: Path
    free: int
    total: int
    files: int | None = None

    @property
    def is_low(self) -> bool:
        """Whether less is free than always has to stay so: what is not there yet waits then."""
        return self.room < floor()

    @property
    def room(self) -> int:
        """Bytes that can be written: none when not one more file can be made, however much is free."""
        return 0 if self.files == 0 else self.free


def floor() -> int:
    """Bytes that always stay free, as configured."""
    return int(store.at_hand().downloads.free_space_floor_gb * GIGABYTE)


def disks() -> list[Disk]:
    """The library's, and the work folder's where it is another one. One that is gone is left out."""
    return list(_disks())


def _disks() -> Iterator[Disk]:
    # Machines share the library, but each has a work folder of its own.
    machine = "" if settings.EMBEDDED else f" of {socket.gethostname()}"
    seen = set()
    for name, folder in (("library", configured_root()), (f"work folder{machine}", Path(settings.WORK_DIR))):
        try:
            device, found = folder.stat().st_dev, os.statvfs(folder)
        except OSError:
            # Others tell of it.
            continue
        if device not in seen:
            seen.add(device)
            files = found.f_favail if found.f_files else None
            yield Disk(name, folder, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, files)
