"""Whether a series without a catalogue has a poster in its folder: a list of series must not look for it itself."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from django.db import transaction

from library.folders import opened
from library.models import Scan, Series

_AT_ONCE = 200
# As `library.metadata.artwork` writes it, which takes an imaging library along.
_POSTER = "poster.jpg"
_NONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


def note_posters(scan: Scan, root: Path, folders: Collection[str]) -> None:
    """Notes it for those whose folder is among `folders`; one look at the disk for each."""
    changed = _changed(root, set(folders))
    while some := list(islice(changed, _AT_ONCE)):
        with transaction.atomic():
            scan.hold()
            Series.objects.note_pictures(some)


def _changed(root: Path, folders: Collection[str]) -> Iterator[Series]:
    rows = list(Series.objects.live().filter(provider="").values_list("pk", "folder", "pictures"))
    # By its handle each look takes a few steps instead of the whole way from the root.
    with opened(root, PurePosixPath(), create=False) as handle:
        for pk, folder, pictures in rows:
            if folder not in folders:
                continue
            is_there = _has_poster(handle, folder)
            if is_there and _POSTER not in pictures:
                # No digest: it is not one of ours.
                yield Series(pk=pk, pictures={**pictures, _POSTER: []})
            elif not is_there and pictures.get(_POSTER) == []:
                del pictures[_POSTER]
                yield Series(pk=pk, pictures=pictures)


def _has_poster(root: int, folder: str) -> bool:
    path = f"{folder}/{_POSTER}"
    try:
        return stat.S_ISREG(os.stat(path, dir_fd=root).st_mode)
    except OSError as error:
        if error.errno in _NONE:
            return False
        # Nobody could look: what is known of it stays.
        raise
