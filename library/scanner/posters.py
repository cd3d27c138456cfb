"""Whether a series without a catalogue has a poster in its folder: a list of series must not look for it itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from django.db import transaction

from library.models import Scan, Series

_AT_ONCE = 200
# As `library.metadata.artwork` writes it, which takes an imaging library along.
_POSTER = "poster.jpg"


def note_posters(scan: Scan, root: Path, folders: Collection[str]) -> None:
    """Notes it for those whose folder is among `folders`; one look at the disk for each."""
    changed = _changed(root, set(folders))
    while some := list(islice(changed, _AT_ONCE)):
        with transaction.atomic():
            scan.hold()
            Series.objects.note_pictures(some)


def _changed(root: Path, folders: Collection[str]) -> Iterator[Series]:
    for series in list(Series.objects.live().filter(provider="").only("id", "folder", "pictures")):
        if series.folder not in folders:
            continue
        is_there = (root / series.folder / _POSTER).is_file()
        digests = series.pictures.get(_POSTER)
        if is_there and digests is None:
            # No digest: it is not one of ours.
            series.pictures[_POSTER] = []
            yield series
        elif not is_there and digests == []:
            del series.pictures[_POSTER]
            yield series
