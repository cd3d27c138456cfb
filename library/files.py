"""The library folder on disk: whether it is there, and how a finished file gets into it whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from django.utils.translation import gettext as _

from library.exclusive_rename import rename_into_gap
from library.folders import (
    ArrivalFailed,
    demand_inside,
    failure,
    opened,
    remove_empty,
    standing,
    sync,
)
from library.full_disk import is_disk_full
from library.naming import checked_part, numbered
from library.root import LibraryUnavailable, library_root

__all__ = [
    "ArrivalFailed",
    "Arrived",
    "LibraryUnavailable",
    "arrive",
    "discard",
    "is_disk_full",
    "library_root",
    "locate",
    "take_copy",
]

OnExisting = Literal["keep", "replace", "number"]
TEMPORARY_PREFIX, TEMPORARY_SUFFIX = ".aniworld-", ".part"
# A copy under way touches its temporary file all the time; one this old in seconds belongs to nobody.
_ABANDONED_AFTER = 3600
_BUFFER = 1024 * 1024
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
# Read once while the process has one thread, because reading it means setting it.
_UMASK = os.umask(0o022)
os.umask(_UMASK)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What stands in the library now: `path` relative to it, `size` in bytes, `mtime` in seconds since 1970.

    `kept`: a different file was there already and stayed; the work file was not used and is still there.
    """

    path: PurePosixPath
    size: int
    mtime: float
    kept: bool = False


def arrive(
    work_file: Path,
    destination: PurePosixPath,
    on_existing: OnExisting = "keep",
    *,
    report: Callable[[int], None] | None = None,
) -> Arrived:
    """Moves a finished work file to `destination` below the library, atomically and flushed to the disk.

    On the same file system it is renamed; from another one it is copied under a hidden name beside the destination,
    checked, and renamed there. `report` hears the bytes copied so far; what it raises stops the copy without a trace.
    A different file that is there already is kept, replaced or given company under a number. The very same file
    there counts as arrived, so that the call may be repeated after a crash.
    Raises `LibraryUnavailable` and `ArrivalFailed`.
    """
    root = library_root()
    checked_part(destination.name)
    try:
        with opened(root, destination.parent, create=True) as folder:
            _sweep(folder)
            return _settle(work_file, folder, destination, on_existing, report)
    except OSError as error:
        library_root()  # says so if the whole folder went away meanwhile
        raise failure(destination, error) from error


def take_copy(
    original: Path,
    destination: PurePosixPath,
    *,
    as_link: bool = False,
    report: Callable[[int], None] | None = None,
) -> Arrived:
    """Like `arrive` for a file that stays where it is: a copy of it, or a hard link, is put to `destination`.

    What is there already stays; the very same content counts as arrived. Raises `LibraryUnavailable` and
    `ArrivalFailed`, also where a hard link can't be made because the library is on another disk.
    """
    root = library_root()
    checked_part(destination.name)
    try:
        with opened(root, destination.parent, create=True) as folder:
            _sweep(folder)
            present = standing(destination.name, folder)
            if present is not None:
                kept = not _same_content(original, destination.name, folder, report)
                return Arrived(destination, present.st_size, present.st_mtime, kept=kept)
            if as_link:
                os.link(original, destination.name, dst_dir_fd=folder, follow_symlinks=False)
                name = destination.name
            else:
                name = _publish_copy(original, folder, destination.name, "keep", report)
            sync(folder)
            done = os.stat(name, dir_fd=folder)
            return Arrived(destination.with_name(name), done.st_size, done.st_mtime)
    except OSError as error:
        library_root()
        raise failure(destination, error) from error


def locate(path: PurePosixPath | str) -> Path:
    """The absolute path of something below the library. Raises `ArrivalFailed` when it would lead out of it."""
    root = library_root()
    relative = PurePosixPath(path)
    absolute = root.joinpath(*(checked_part(part) for part in relative.parts))
    demand_inside(root, absolute)
    return absolute


def discard(path: PurePosixPath | str) -> bool:
    """Removes a file below the library and the folders that it leaves empty; False when it is not there.

    To be called after its row is gone: a file without a row is found by the next scan, a row without a file lies.
    Raises `LibraryUnavailable` and `ArrivalFailed`.
    """
    root, relative = library_root(), PurePosixPath(path)
    checked_part(relative.name)
    try:
        with opened(root, relative.parent, create=False) as folder:
            os.unlink(relative.name, dir_fd=folder)
            sync(folder)
    except FileNotFoundError:
        return False
    except OSError as error:
        library_root()
        raise failure(relative, error) from error
    remove_empty(root, relative)
    return True


def _settle(
    work_file: Path,
    folder: int,
    destination: PurePosixPath,
    on_existing: OnExisting,
    report: Callable[[int], None] | None,
) -> Arrived:
    """Finds the name it gets, and puts it there."""
    present = standing(destination.name, folder)
    if present is not None and _same_content(work_file, destination.name, folder, report):
        work_file.unlink()
        return Arrived(destination, present.st_size, present.st_mtime)
    if present is not None and on_existing == "keep":
        return Arrived(destination, present.st_size, present.st_mtime, kept=True)
    _flush(work_file)
    try:
        name = _publish(str(work_file), None, folder, destination.name, on_existing)
    except OSError as error:
        # Also between two mounts of one device, so only the try itself can tell.
        if error.errno != errno.EXDEV:
            raise
        name = _publish_copy(work_file, folder, destination.name, on_existing, report)
    sync(folder)
    work_file.unlink(missing_ok=True)
    done = os.stat(name, dir_fd=folder)
    return Arrived(destination.with_name(name), done.st_size, done.st_mtime)


def _same_content(work_file: Path, name: str, folder: int, report: Callable[[int], None] | None) -> bool:
    """Whether the destination is this very file, or a copy of it to the last byte; `report` hears how far it got."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(handle, "rb") as there, work_file.open("rb") as here:
        one, other = os.fstat(here.fileno()), os.fstat(there.fileno())
        if os.path.samestat(one, other):
            return True
        if one.st_size != other.st_size or not stat.S_ISREG(other.st_mode):
            return False
        while chunk := here.read(_BUFFER):
            if chunk != there.read(_BUFFER):
                return False
            if report:
                report(here.tell())
    return True


def _publish_copy(
    work_file: Path, folder: int, name: str, on_existing: OnExisting, report: Callable[[int], None] | None
) -> str:
    copy = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    try:
        _copy(work_file, copy, folder, report)
        return _publish(copy, folder, folder, name, on_existing)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(copy, dir_fd=folder)
        raise


def _copy(work_file: Path, name: str, folder: int, report: Callable[[int], None] | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o666, dir_fd=folder)
    with os.fdopen(handle, "wb", buffering=0) as copy, work_file.open("rb", buffering=0) as source:
        _pour(source.fileno(), copy.fileno(), report)
        os.fsync(copy.fileno())
        if os.fstat(copy.fileno()).st_size != os.fstat(source.fileno()).st_size:
            raise OSError(errno.EIO, _("the copy has another size than the original"))


def _pour(source: int, target: int, report: Callable[[int], None] | None) -> None:
    buffer = memoryview(bytearray(_BUFFER))
    copied = 0
    while count := os.readv(source, [buffer]):
        rest = buffer[:count]
        while rest:
            rest = rest[os.write(target, rest) :]
        copied += count
        if report:
            report(copied)


def _publish(source: str, source_folder: int | None, folder: int, name: str, on_existing: OnExisting) -> str:
    """Gives it its final name in one step and answers that name; never over a file that is to stay."""
    if on_existing == "replace":
        os.replace(source, name, src_dir_fd=source_folder, dst_dir_fd=folder)
        return name
    wanted, number = name, 1
    while True:
        try:
            _rename_into_gap(source, source_folder, folder, name)
            return name
        except FileExistsError:
            number += 1
            name = numbered(wanted, number)


def _rename_into_gap(source: str, source_folder: int | None, folder: int, name: str) -> None:
    """A rename that fails with FileExistsError. A hard link is the portable way to it; a crash between its two steps
    leaves the same file under both names, which the next try recognises."""
    try:
        os.link(source, name, src_dir_fd=source_folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
    else:
        os.unlink(source, dir_fd=source_folder)
        return
    if rename_into_gap(source, source_folder, name, folder):
        return
    # Some FUSE file systems have neither: who takes the name at this very moment is not seen there.
    if standing(name, folder) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    os.rename(source, name, src_dir_fd=source_folder, dst_dir_fd=folder)


def _flush(work_file: Path) -> None:
    """Its data on the disk before its name, and the rights of any new file: work files are private."""
    handle = os.open(work_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, _("the work file is not a plain file"))
        with suppress(PermissionError):
            os.fchmod(handle, 0o666 & ~_UMASK)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: int) -> None:
    """Removes copies that a killed process left behind."""
    oldest = time.time() - _ABANDONED_AFTER
    with os.scandir(folder) as entries:
        left = [
            entry.name
            for entry in entries
            if entry.name.startswith(TEMPORARY_PREFIX)
            and entry.name.endswith(TEMPORARY_SUFFIX)
            and entry.stat(follow_symlinks=False).st_mtime < oldest
        ]
    for name in left:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
