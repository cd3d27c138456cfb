"""Room on the disks, and what takes it up for nothing."""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.checks.check import Check, fine, note, warning
from downloads import quarantine
from downloads.disks import GIGABYTE, disks, floor
from downloads.models import QuarantinedFile, QueueItem
from downloads.workfolder import item_folders

FEW_FILES = 10_000
# What is kept may well be looked at within so many bytes.
LARGE_QUARANTINE = quarantine.MOST_BYTES // 2
ORPHANED_AFTER = 3600.0


def disk_free() -> int:
    """Bytes free where downloads are written, of two disks the fuller one. Raises ValueError when none is there."""
    return min(disk.free for disk in disks())


def free_space() -> Check:
    """Whether there is more room than the configured floor."""
    found = disks()
    if not found:
        return Check("free_space", False, _("The free space can't be read."), _("Check the disk of the folders."))
    fullest = min(found, key=lambda disk: disk.room)
    facts = {"free": fullest.room / GIGABYTE, "floor": floor() / GIGABYTE}
    if fullest.is_low:
        message = _("%(free).1f GB are free, less than the floor of %(floor)g GB.") % facts
        return Check("free_space", False, message, _("Make room, or lower the floor in the settings."))
    return fine("free_space", _("%.1f GB are free.") % facts["free"])


def inodes() -> Check:
    """Whether more files can be made: a file system can be full of names with room to spare."""
    short = [disk for disk in disks() if disk.files is not None and disk.files < FEW_FILES]
    if short:
        facts = {"count": short[0].files, "folder": short[0].folder}
        message = ngettext(
            "The disk of %(folder)s can take only %(count)d more file.",
            "The disk of %(folder)s can take only %(count)d more files.",
            short[0].files or 0,
        )
        return warning(
            "inodes", message % facts, _("Delete small files there, or use a disk with more inodes (df -i shows them).")
        )
    return fine("inodes", _("The disks can take more files."))


def quarantined() -> Check:
    """Whether files that failed their check take much room."""
    kept = QuarantinedFile.objects.aggregate(count=Count("pk"), size=Coalesce(Sum("size"), 0))
    told = ngettext(
        "%(count)d file in quarantine takes %(size).1f GB.",
        "%(count)d files in quarantine take %(size).1f GB.",
        kept["count"],
    )
    message = told % {"count": kept["count"], "size": kept["size"] / GIGABYTE}
    if kept["size"] > LARGE_QUARANTINE:
        return note(
            "quarantine", message, _("Look at them in the admin: accept them or delete them. After 14 days they go.")
        )
    return fine("quarantine", message)


def orphaned_work() -> Check:
    """Whether data of downloads lies around that no item of the queue belongs to."""
    root = Path(settings.WORK_DIR)
    live = set(QueueItem.objects.live().values_list("pk", flat=True))
    old = time.time() - ORPHANED_AFTER
    orphaned = [path for pk, path in item_folders(root) if pk not in live and path.stat().st_mtime < old]
    if orphaned:
        message = ngettext(
            "%(count)d folder in %(root)s belongs to no download.",
            "%(count)d folders in %(root)s belong to no download.",
            len(orphaned),
        )
        facts = {"count": len(orphaned), "root": root}
        remedy = _("They are swept every minute while workers run. If they stay, delete them by hand.")
        return warning("orphaned_work", message % facts, remedy)
    return fine("orphaned_work", _("No data of former downloads lies around."))
