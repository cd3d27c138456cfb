"""Keeps a floor of free space: what does not fit waits instead of failing.

The work folder and the library may lie on different disks. In one mount of one disk a file needs its room once, since
it is renamed at the end; else it needs the whole of it below the library as well, which in two mounts of one disk, as
the volumes of a container are, comes out of the same room. The segments of a playlist and the file joined from them are
both there only while nobody else needs the room: one copy is what is reserved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.configuration import store
from downloads import place_mark
from downloads.disks import floor
from downloads.interruptions import MustWait
from downloads.models import QueueItem
from library.files import library_root
from library.folders import renames_between
from library.models import Episode, EpisodeFile

# What has to be free before a parked item of unknown size is tried again.
LEAST_ROOM = 16 * 1024 * 1024
# Fewer files than this tell nothing about the size of the next one.
ENOUGH_FILES = 3
_SIZE = Coalesce("total_bytes", "expected_bytes", "downloaded_bytes")


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes below the work folder, and below the library folder where that is another disk: on one, they are added."""

    work: int = 0
    library: int = 0

    def holds(self, needed: Room) -> bool:
        """Whether all of `needed` fits."""
        return self.work >= needed.work and self.library >= needed.library

    def without(self, used: Room) -> Room:
        """What is left of it."""
        return Room(self.work - used.work, self.library - used.library)


def free(folder: Path) -> int:
    """Bytes that may still be written to the file system of `folder`, above the configured floor (0 at least)."""
    disk = os.statvfs(_existing(folder))
    if disk.f_files and not disk.f_favail:
        # Not one more file can be made, however much room there is.
        return 0
    return max(0, disk.f_bavail * disk.f_frsize - floor())


def require(folder: Path, needed: int, *, reserved: int = 0) -> None:
    """Raises `MustWait` when `needed` more bytes, beside those reserved for others, would not leave the floor free."""
    if free(folder) - reserved < max(needed, 1):
        raise full(folder, needed)


def full(folder: Path, needed: int = 0) -> MustWait:
    """The refusal itself, for a write that the file system turned down as well."""
    least = store.at_hand().downloads.free_space_floor_gb
    facts = {"folder": folder, "size": f"{needed / 1e6:.0f}", "floor": f"{least:g}"}
    if needed:
        text = _("The disk of %(folder)s is full: %(size)s MB more would be needed above the floor of %(floor)s GB.")
    else:
        text = _("The disk of %(folder)s is full: more room would be needed above the floor of %(floor)s GB.")
    later = _("It goes on by itself when there is room.")
    message = f"{text % facts} {later}"
    awaited = {"work_bytes" if _is_work(folder) else "library_bytes": needed or LEAST_ROOM}
    return MustWait(QueueItem.PauseReason.DISK, message, **awaited)


def estimate(episode: Episode, quality: str = "best") -> int | None:
    """Bytes that the episode will probably have: the median of its season's files of that quality, or wider.

    None while too few files of the series are there.
    """
    rows = EpisodeFile.objects.filter(episode__series=episode.series_id, size__gt=0)
    files = list(rows.values_list("episode__season", "quality", "size"))
    season = [file for file in files if file[0] == episode.season]
    for among in (season, files):
        same = [size for _season, height, size in among if height == quality]
        sizes = same if len(same) >= ENOUGH_FILES else [size for _season, _height, size in among]
        if len(sizes) >= ENOUGH_FILES:
            return round(median(sizes))
    return None


def plan(item: QueueItem) -> None:
    """Reserves room for an item that begins now. Raises `MustWait` when it, and all that run, would not fit."""
    item.expect(item.total_bytes or estimate(item.episode, store.current().downloads.preferred_quality))
    needed = _needed(item)
    _demand(Room(max(1, needed.work), needed.library), item)


def demand_rest(item: QueueItem, total: int, had: int) -> None:
    """As soon as a host says how many bytes the file has: room for the rest, beside what the others need.

    Raises `MustWait`.
    """
    _demand(_taken(total - had, total), item)


def demand_arrival(item: QueueItem, size: int) -> None:
    """Room for the copy where it is not renamed into the library. Raises `MustWait`."""
    if arrives_as_copy():
        _demand(_taken(0, size), item)


def reserved_for_others(item: QueueItem) -> int:
    """Bytes that the other downloads under way will still write into the work folder, as far as is known."""
    return _reserved(item).work


def fitting(items: Iterable[QueueItem]) -> list[QueueItem]:
    """Of parked items, in this order, those that have room now beside all that run, and beside each other."""
    chosen, room = [], left()
    for item in items:
        needed = _awaited(item)
        if room.holds(needed):
            chosen.append(item)
            room = room.without(needed)
    return chosen


def left() -> Room:
    """What the disks have for downloads that begin now, beside all that run. Raises `LibraryUnavailable`."""
    return _free().without(_reserved())


def shortage(item: QueueItem) -> int:
    """Bytes that are missing in the work folder before the parked item fits."""
    return max(0, _awaited(item).work - left().work)


def _demand(needed: Room, item: QueueItem) -> None:
    room = _free().without(_reserved(item))
    if needed.work and room.work < needed.work:
        raise full(Path(settings.WORK_DIR), needed.work)
    if needed.library and room.library < needed.library:
        raise full(library_root(), needed.library)


def _needed(item: QueueItem) -> Room:
    total = item.total_bytes or item.expected_bytes or 0
    return _taken(max(0, total - item.downloaded_bytes), total)


def _awaited(item: QueueItem) -> Room:
    """What a parked item asked for, or will need in all: less would park it again at once."""
    needed = _needed(item)
    work = max(item.awaited_work_bytes, needed.work)
    library = max(item.awaited_library_bytes, needed.library)
    if _are_on_one_disk():
        work, library = max(work, library), 0
    return Room(work or (0 if library else LEAST_ROOM), library)


def _free() -> Room:
    work, library = Path(settings.WORK_DIR), library_root()
    return Room(free(work), free(library))


def _reserved(but: QueueItem | None = None) -> Room:
    """What all downloads under way will still write, as far as their sizes are known: into this work folder, or below
    the library, which machines share.
    """
    others = QueueItem.objects.leased(clock.now())
    others = others.exclude(pk=but.pk) if but else others
    here = None if settings.EMBEDDED else Q(work_place__in=["", place_mark.of_work()])
    sums = others.aggregate(work=Sum(Greatest(_SIZE - F("downloaded_bytes"), 0), filter=here), library=Sum(_SIZE))
    return _taken(int(sums["work"] or 0), int(sums["library"] or 0))


def _taken(work: int, library: int) -> Room:
    """What is written into the work folder, and what of it is copied into the library, if it is copied at all."""
    if not arrives_as_copy():
        return Room(work)
    return Room(work + library) if _are_on_one_disk() else Room(work, library)


def arrives_as_copy() -> bool:
    """Whether what arrives is copied into the library, which takes long, instead of renamed."""
    return not renames_between(*_folders())


def _are_on_one_disk() -> bool:
    work, library = _folders()
    return work.stat().st_dev == library.stat().st_dev


def _folders() -> tuple[Path, Path]:
    return _existing(Path(settings.WORK_DIR)), _existing(library_root())


def _is_work(folder: Path) -> bool:
    return folder.is_relative_to(settings.WORK_DIR)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
