"""The folders: whether they can be written, by whom they can be read, and how they lie to each other."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.checks.check import Check, fine, note, warning
from library.folders import renames_between
from library.root import LibraryUnavailable, configured_root, library_root

_NOT_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def reason_not_writable(folder: Path) -> str:
    """Why `folder` can't be written, or "" when it can: tried, because rights alone do not tell."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def data_folder() -> Check:
    """Where everything is kept, and whether only this program's user may look into it."""
    folder = Path(settings.DATA_DIR)
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        message = _("The data folder %(folder)s can't be read: %(reason)s") % {"folder": folder, "reason": error}
        return Check("data_folder", False, message, _("Mount its disk, or name another folder in DATA_DIR."))
    if mode & stat.S_IRWXO:
        message = _("Everybody on this machine may look into the data folder %s.") % folder
        return warning("data_folder", message, _("Run: chmod 700 %s") % folder)
    return fine("data_folder", _("The data folder is %s.") % folder)


def own_folders() -> Check:
    """Whether the program may write its own folders."""
    own = (settings.DATA_DIR, settings.BACKUP_DIR, settings.LOG_DIR, settings.RUN_DIR)
    found = [f"{folder}: {reason}" for folder in own if (reason := reason_not_writable(Path(folder)))]
    if found:
        remedy = _("Give the user of this program the right to write them.")
        return Check("folders", False, _("Folders that can't be written: %s") % "; ".join(found), remedy)
    return fine("folders", _("All folders can be written."))


def download_directory() -> Check:
    """Whether the work folder of downloads can be written."""
    reason = reason_not_writable(Path(settings.WORK_DIR))
    if reason:
        remedy = _("Give the user of this program the right to write %s, or check its disk.") % settings.WORK_DIR
        return Check("download_directory", False, _("The work folder can't be written: %s") % reason, remedy)
    return fine("download_directory", _("The work folder can be written."))


def library_folder() -> Check:
    """Whether the library folder is there and can be written."""
    try:
        root = library_root()
    except LibraryUnavailable as error:
        return Check("library", False, str(error), _("Choose another folder in the settings, or mount its disk."))
    reason = reason_not_writable(root)
    if reason:
        message = _("The library folder can't be written: %s") % reason
        return Check("library", False, message, _("Give the user of this program the right to, or check the disk."))
    return fine("library", _("The library folder can be written."))


def nested_folders() -> Check:
    """Whether the library lies apart from what the program keeps for itself."""
    root, data = configured_root().resolve(), Path(settings.DATA_DIR).resolve()
    own = [Path(folder).resolve() for folder in (settings.WORK_DIR, settings.BACKUP_DIR, settings.LOG_DIR)]
    own += [Path(settings.RUN_DIR).resolve(), data / "quarantine"]
    inside = next((folder for folder in own if root == folder or root.is_relative_to(folder)), None)
    if inside:
        message = _("The library folder %(library)s lies inside of %(own)s, which this program clears up.")
        facts = {"library": root, "own": inside}
        return Check("nested_folders", False, message % facts, _("Choose another library folder in the settings."))
    if data.is_relative_to(root):
        message = _(
            "The data folder %(own)s lies inside of the library %(library)s: media servers will list half files."
        )
        return warning("nested_folders", message % {"library": root, "own": data}, _("Move one of them elsewhere."))
    return fine("nested_folders", _("The library and the program's own folders do not get in each other's way."))


def same_disk() -> Check:
    """Whether a finished file can be renamed into the library."""
    try:
        same = renames_between(Path(settings.WORK_DIR), configured_root())
    except OSError:
        return fine("same_disk", _("Not known, because a folder is not there."))
    if same:
        return fine("same_disk", _("Work folder and library are in one mount of one disk: files arrive by a rename."))
    message = _("Work folder and library are on different disks or mounts: each file is copied when it arrives.")
    return note("same_disk", message, _("Nothing has to be done; with both below one mount it would be faster."))


def secret_key() -> Check:
    """Whether the secret key is a secret."""
    path = Path(settings.DATA_DIR) / "secret_key"
    try:
        mode, size = path.stat().st_mode, path.stat().st_size
    except OSError:
        return fine("secret_key", _("The secret key comes from the environment."))
    if not size:
        message = _("The file %s is empty: the program can't start again.") % path
        return Check("secret_key", False, message, _("Delete it; a new key is made, and everybody signs in again."))
    if mode & _NOT_FOR_OTHERS:
        message = _("Others on this machine may read the secret key %s.") % path
        remedy = _("Run: chmod 600 %s. If somebody may have read it, delete it and start again.") % path
        return Check("secret_key", False, message, remedy)
    return fine("secret_key", _("Only this program's user can read the secret key."))


def umask() -> Check:
    """What rights new files in the library get."""
    mask = current_umask()
    if not mask & stat.S_IWOTH:
        message = _("New files can be changed by everybody on this machine (umask %03o).") % mask
        return warning("umask", message, _("Start the program with UMASK 022 or 002."))
    outside = not configured_root().is_relative_to(Path(settings.DATA_DIR))
    if outside and mask & stat.S_IROTH and mask & stat.S_IRGRP:
        message = _("Nobody else, such as a media server, can read new files in the library (umask %03o).") % mask
        return note("umask", message, _("If one has to, start the program with UMASK 022."))
    return fine("umask", _("New files get the rights that umask %03o leaves.") % mask)


def current_umask() -> int:
    """The process's, which can only be learnt by setting it where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))
    except (OSError, StopIteration, ValueError):
        mask = os.umask(0o077)
        os.umask(mask)
        return mask
