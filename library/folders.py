"""Folders below the library as open handles that no link leads out of, and what can go wrong in them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from aniworld.refusals import Explained
from library.full_disk import is_disk_full
from library.naming import checked_part

_FOLDER_SYNC_UNKNOWN = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF}


class ArrivalFailed(Explained):
    """A file could not get into the library; nothing stands under its final name, the work file is untouched.

    `disk_full`: there is no space (or quota) left, so waiting helps.
    """

    def __init__(self, message: str, *, disk_full: bool = False) -> None:
        super().__init__(message)
        self.disk_full = disk_full


def failure(destination: PurePosixPath, error: OSError) -> ArrivalFailed:
    """What a person is told of an error of the system."""
    if is_disk_full(error):
        return ArrivalFailed(_("No space left for %s.") % destination, disk_full=True)
    return ArrivalFailed(
        _("%(file)s could not be written: %(reason)s.") % {"file": destination, "reason": error.strerror or error}
    )


@contextmanager
def opened(root: Path, relative: PurePosixPath, *, create: bool) -> Iterator[int]:
    """A handle of a folder below the library, made if wanted; none that leaves the library through a link."""
    path = root
    for part in relative.parts:
        parent, path = path, path / checked_part(part)
        demand_inside(root, path)
        if create and not path.is_dir():
            path.mkdir(exist_ok=True)
            _sync_path(parent)
    demand_inside(root, path)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def demand_inside(root: Path, path: Path) -> None:
    """Raises `ArrivalFailed` when the path leads out of the library through a link."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise ArrivalFailed(_("%s leads out of the library folder through a link.") % path)


def renames_between(here: Path, there: Path) -> bool:
    """Whether a file can be renamed, or linked, from one folder into the other. Raises OSError when one is not there.

    Both lie on one file system then, and in one mount of it: two volumes of a container are two mounts, even when they
    lie on one disk, and between them everything is copied.
    """
    return _place_of(here) == _place_of(there)


def _place_of(folder: Path) -> tuple[int, str]:
    """The file system, and the mount of it; "" for the mount where Linux does not tell."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mount = ""
        with suppress(OSError):
            told = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii")
            mount = next((line for line in told.splitlines() if line.startswith("mnt_id:")), "")
        return os.fstat(handle).st_dev, mount
    finally:
        os.close(handle)


def standing(name: str, folder: int) -> os.stat_result | None:
    """What stands under a name; for a dangling link the link itself."""
    try:
        return os.stat(name, dir_fd=folder)
    except FileNotFoundError:
        with suppress(FileNotFoundError):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        return None


def remove_empty(root: Path, path: PurePosixPath) -> None:
    """Removes the folders above `path` that nothing is in."""
    for parent in path.parents[:-1]:
        with suppress(OSError):
            root.joinpath(parent).rmdir()


def _sync_path(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(handle)
    finally:
        os.close(handle)


def sync(handle: int) -> None:
    """Makes new names in a folder survive a power loss; some network file systems don't know how."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _FOLDER_SYNC_UNKNOWN:
            raise
