"""Looks at the disks that are written to and at the library folder, and tells once when something is wrong."""

from __future__ import annotations

import socket

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.alerts import raise_alert
from aniworld.alerts.models import Condition, Kind
from aniworld.live.publish import publish
from downloads.disks import GIGABYTE, Disk, disks, floor
from downloads.models import QueueItem
from library.models import EpisodeFile
from library.root import LibraryUnavailable, filled_root

# So many times the floor has to be free before a disk counts as roomy again: it would be told of over and over, if
# every file that comes and goes at the floor counted.
WELL_ABOVE = 1.5


def look() -> str:
    """Tells of each disk that has become full since the last look, and forgets those that have room again."""
    library = _judge_library()
    found = disks()
    if not found:
        return f"no disk is there; {library}"
    fullest = min(found, key=lambda disk: disk.room)
    parked = QueueItem.objects.filter(status=QueueItem.Status.PAUSED, pause_reason=QueueItem.PauseReason.DISK).exists()
    for disk in found:
        # What waits for room says that it is too little, even a little above the floor.
        _judge(disk, is_waited_for=parked and disk == fullest)
    return f"{fullest.room / GIGABYTE:.1f} GB are free on the fullest disk; {library}"


def _judge_library() -> str:
    try:
        filled_root()
    except LibraryUnavailable as error:
        # Before the first file nobody misses it, and the page says what to do.
        if EpisodeFile.objects.exists():
            _tell_gone(str(error))
        return "the library folder is not there"
    Condition.objects.ends(_library_gone())
    return "the library folder is there"


def _library_gone() -> str:
    """The condition's name: of several machines each has the folder, or misses it, for itself."""
    return "library gone" if settings.EMBEDDED else f"library gone of {socket.gethostname()}"


def _tell_gone(why: str) -> None:
    with transaction.atomic():
        if not Condition.objects.begins(_library_gone()):
            return
        title = _("The library folder is not there")
        message = _("%s Downloads wait until then; nothing that is known is forgotten.") % why
        publish("system_warning", {"title": title, "message": message})
        raise_alert(Kind.LIBRARY_GONE, title, message, about="library")


def _judge(disk: Disk, *, is_waited_for: bool) -> None:
    condition = f"disk of {disk.name}"
    if disk.is_low or is_waited_for:
        with transaction.atomic():
            if Condition.objects.begins(condition):
                _tell(disk)
    elif disk.room >= floor() * WELL_ABOVE:
        Condition.objects.ends(condition)


def _tell(disk: Disk) -> None:
    least = floor()
    facts = {"folder": disk.folder, "free": disk.room / GIGABYTE, "floor": least / GIGABYTE}
    body = _("%(free).1f GB are free in %(folder)s; %(floor)g GB are to stay free. Downloads wait until there is room.")
    title = _("The disk gets full: %.1f GB are free") % facts["free"]
    publish("system_warning", {"title": title, "message": body % facts, "free": disk.room, "floor": least})
    raise_alert(Kind.DISK_LOW, title, body % facts, about=disk.name)
