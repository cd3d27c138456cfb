"""Tells that a disk is full; apart from the rest, so that processes without Django may ask as well."""

from __future__ import annotations

import errno

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def is_disk_full(error: Exception) -> bool:
    """Whether the file system refused a write for want of room or quota, also where FFmpeg reports it."""
    return getattr(error, "errno", None) in _DISK_FULL
