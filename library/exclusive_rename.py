"""A rename that never goes over what is there, in one step; Python has none."""

from __future__ import annotations

import ctypes
import errno
import os

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
# The system, its C library or the file system does not know it.
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def rename_into_gap(source: str, source_folder: int | None, name: str, folder: int) -> bool:
    """Renames `source` to `name` in an open folder; False when that can't be done in one step here.

    `source_folder`: in which open folder the source is. Raises FileExistsError when the name is taken, else OSError.
    """
    if _renameat2 is None:
        return False
    here = _AT_FDCWD if source_folder is None else source_folder
    if _renameat2(here, os.fsencode(source), folder, os.fsencode(name), ctypes.c_uint(_RENAME_NOREPLACE)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), name)
