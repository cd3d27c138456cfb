"""Keeps a floor of free space: what does not fit waits instead of failing."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db.models import F, Sum
from django.utils import timezone

from aniworld.configuration import store
from downloads.interruptions import MustWait
from downloads.models import QueueItem

GIGABYTE = 1000**3


def free(folder: Path) -> int:
    """Bytes that may still be written to the file system of `folder`, above the configured floor (0 at least)."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    floor = int(store.current().downloads.free_space_floor_gb * GIGABYTE)
    return max(0, shutil.disk_usage(existing).free - floor)


def require(folder: Path, needed: int, *, reserved: int = 0) -> None:
    """Raises `MustWait` when `needed` more bytes, beside those reserved for others, would not leave the floor free."""
    left = free(folder) - reserved
    if left < max(needed, 1):
        raise full(folder, needed)


def full(folder: Path, needed: int = 0) -> MustWait:
    """The refusal itself, for a write that the file system turned down as well."""
    floor = store.current().downloads.free_space_floor_gb
    size = f"{needed / 1e6:.0f} MB more" if needed else "more room"
    return MustWait(
        QueueItem.PauseReason.DISK,
        f"The disk of {folder} is full: {size} would be needed above the floor of {floor:g} GB. "
        "It goes on by itself when there is room.",
    )


def reserved_for_others(item: QueueItem) -> int:
    """Bytes that the other downloads under way will still write, as far as their sizes are known."""
    others = QueueItem.objects.leased(timezone.now()).exclude(pk=item.pk).filter(total_bytes__gt=F("downloaded_bytes"))
    rest = others.aggregate(rest=Sum(F("total_bytes") - F("downloaded_bytes")))["rest"]
    return int(rest or 0)
