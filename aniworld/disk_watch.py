"""Looks at the free space of the disks that downloads are written to, and tells once when one gets full."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.alerts import raise_alert
from aniworld.alerts.models import Condition, Kind
from aniworld.configuration import store
from aniworld.live.publish import publish
from downloads.models import QueueItem
from library.root import configured_root

GIGABYTE = 1000**3
# So many times the floor has to be free before a disk counts as roomy again: it would be told of over and over, if
# every file that comes and goes at the floor counted.
WELL_ABOVE = 1.5


@dataclass(frozen=True)
class Disk:
    """A file system that is written to. `name` tells it from others, `folder` is where; sizes are in bytes."""

    name: str
    folder: Path
    free: int


def look() -> str:
    """Tells of each disk that has become full since the last look, and forgets those that have room again."""
    disks = list(_disks())
    if not disks:
        return "no disk is there"
    floor = int(store.current().downloads.free_space_floor_gb * GIGABYTE)
    fullest = min(disks, key=lambda disk: disk.free)
    parked = QueueItem.objects.filter(status=QueueItem.Status.PAUSED, pause_reason=QueueItem.PauseReason.DISK).exists()
    for disk in disks:
        # What waits for room says that it is too little, even a little above the floor.
        _judge(disk, floor, is_waited_for=parked and disk == fullest)
    return f"{fullest.free / GIGABYTE:.1f} GB are free on the fullest disk"


def _disks() -> Iterator[Disk]:
    """The library's, and the work folder's where it is another one."""
    # Machines share the library, but each has a work folder of its own.
    machine = "" if settings.EMBEDDED else f" of {socket.gethostname()}"
    seen = set()
    for name, folder in (("library", configured_root()), (f"work folder{machine}", Path(settings.WORK_DIR))):
        try:
            device, free = folder.stat().st_dev, shutil.disk_usage(folder).free
        except OSError:
            # It is gone, which others tell of.
            continue
        if device not in seen:
            seen.add(device)
            yield Disk(name, folder, free)


def _judge(disk: Disk, floor: int, *, is_waited_for: bool) -> None:
    condition = f"disk of {disk.name}"
    if disk.free < floor or is_waited_for:
        with transaction.atomic():
            if Condition.objects.begins(condition):
                _tell(disk, floor)
    elif disk.free >= floor * WELL_ABOVE:
        Condition.objects.ends(condition)


def _tell(disk: Disk, floor: int) -> None:
    facts = {"folder": disk.folder, "free": disk.free / GIGABYTE, "floor": floor / GIGABYTE}
    body = _("%(free).1f GB are free in %(folder)s; %(floor)g GB are to stay free. Downloads wait until there is room.")
    title = _("The disk gets full: %.1f GB are free") % facts["free"]
    publish("system_warning", {"title": title, "message": body % facts, "free": disk.free, "floor": floor})
    raise_alert(Kind.DISK_LOW, title, body % facts, about=disk.name)
