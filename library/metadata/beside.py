"""Small files beside the videos: who wrote the one that is there, and a new one in its place where that is allowed."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from django.conf import settings

from library import files
from library.metadata import nfo

# Of a file that is longer, nothing but the length matters.
_MOST_READ = 24 * 1024 * 1024
_NOT_PLAIN = {errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EISDIR}


def content_of(path: PurePosixPath) -> bytes | None:
    """What stands there; None when nothing does, b"" for a folder, a link, or what can't be read.

    Raises `LibraryUnavailable`, `ArrivalFailed` and OSError.
    """
    folder = files.locate(path.parent)
    try:
        handle = os.open(folder / path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in _NOT_PLAIN:
            return b""
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(_MOST_READ)
    finally:
        os.close(handle)


def names_in(folder: PurePosixPath) -> set[str]:
    """The names in a folder below the library; none when it is not there."""
    try:
        return set(os.listdir(files.locate(folder)))  # noqa: PTH208 - names are wanted, not paths
    except (FileNotFoundError, NotADirectoryError):
        return set()


def write(
    path: PurePosixPath, content: bytes, *, may_replace: Callable[[bytes], bool], overwrite: bool = False
) -> bool:
    """Writes it unless somebody else's file stands there; False when that one stays. The same content is not written.

    `may_replace` judges what stands there, `overwrite` replaces it whatever it is.
    Raises `LibraryUnavailable`, `ArrivalFailed` and OSError.
    """
    present = content_of(path)
    if present == content:
        return True
    if present is not None and not overwrite and not may_replace(present):
        return False
    handle, name = tempfile.mkstemp(prefix="beside-", dir=settings.RUN_DIR)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        files.arrive(Path(name), path, "replace")
    finally:
        Path(name).unlink(missing_ok=True)
    return True


def write_nfo(path: PurePosixPath, content: bytes, *, overwrite: bool = False) -> bool:
    """Writes an NFO file over one of ours; somebody else's stays, unless told otherwise. False when it stays."""
    return write(path, content, may_replace=nfo.is_ours, overwrite=overwrite)
