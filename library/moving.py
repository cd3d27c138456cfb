"""Gives files in the library another place there."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from library.exclusive_rename import rename_into_gap
from library.folders import ArrivalFailed, failure, opened, remove_empty, standing, sync
from library.naming import checked_part
from library.root import library_root


def move(old: PurePosixPath, new: PurePosixPath) -> None:
    """Gives a file below the library another place there, with what stands beside it under the same stem.

    Never over a file that is there. Folders that it leaves empty go. Raises `LibraryUnavailable` and `ArrivalFailed`.
    """
    root = library_root()
    try:
        with opened(root, old.parent, create=False) as source, opened(root, new.parent, create=True) as target:
            for name in [old.name, *_companions(source, old)]:
                _rename_between(name, source, new.stem + name[len(old.stem) :], target)
            sync(target)
            sync(source)
    except FileExistsError:
        raise ArrivalFailed(_("%s is there already.") % new) from None
    except OSError as error:
        library_root()
        raise failure(old, error) from error
    remove_empty(root, old)


def move_folder(old: str, new: str) -> None:
    """Takes what lies in a series' former folder into the new one. What is there under the same name stays where it is.

    Raises `LibraryUnavailable` and `ArrivalFailed`.
    """
    root = library_root()
    if old == new or not (root / checked_part(old)).is_dir():
        return
    try:
        with (
            opened(root, PurePosixPath(old), create=False) as source,
            opened(root, PurePosixPath(new), create=True) as target,
        ):
            for name in os.listdir(source):  # noqa: PTH208 - by its handle
                if standing(name, target) is None:
                    with suppress(FileExistsError):
                        _rename_between(name, source, name, target)
            sync(target)
            sync(source)
    except OSError as error:
        library_root()
        raise failure(PurePosixPath(old), error) from error
    remove_empty(root, PurePosixPath(old) / new)


def _companions(folder: int, video: PurePosixPath) -> list[str]:
    """Subtitles, NFO and pictures that belong to a video: the same stem with another ending."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    return [
        name
        for name in sorted(names)
        if name != video.name and name.startswith((f"{video.stem}.", f"{video.stem}-thumb."))
    ]


def _rename_between(name: str, source: int, wanted: str, target: int) -> None:
    """A rename that fails with FileExistsError; where only the case of the name changes, that is the same file."""
    there = standing(wanted, target)
    if there is not None and not os.path.samestat(there, os.stat(name, dir_fd=source)):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), wanted)
    if there is None and rename_into_gap(name, source, wanted, target):
        return
    os.rename(name, wanted, src_dir_fd=source, dst_dir_fd=target)
