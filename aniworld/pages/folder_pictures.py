"""Pictures that lie in a series' folder, as a page can show them: checked, no wider than it needs, and kept."""

from __future__ import annotations

import io
import logging
import stat
from pathlib import PurePosixPath

from PIL import Image

from aniworld.pages import cover_files
from aniworld.refusals import Explained
from library import files
from library.metadata import artwork, beside
from library.models import Series

log = logging.getLogger(__name__)

WIDEST = 1600
_QUALITY = 80


def scaled(series: Series, name: str) -> bytes:
    """The picture of that name as JPEG, at most `WIDEST` pixels wide; empty when there is none that could be shown."""
    place = PurePosixPath(series.folder) / name
    try:
        seen = (files.locate(place.parent) / name).lstat()
        kept_as = f"folder:{place}:{seen.st_mtime_ns}:{seen.st_size}"
        content = cover_files.read(kept_as)
        if content is None:
            content = _narrowed(beside.content_of(place) or b"")
            cover_files.write(kept_as, content)
        return content
    except (OSError, Explained) as error:
        log.debug("%s is not shown: %s", place, error)
        return b""


def is_there(series: Series, name: str) -> bool:
    """Whether a file of that name lies in the series' folder; one look at the disk, for the page of one series."""
    try:
        return stat.S_ISREG((files.locate(PurePosixPath(series.folder)) / name).lstat().st_mode)
    except (OSError, Explained):
        return False


def _narrowed(content: bytes) -> bytes:
    if not content:
        return b""
    whole = artwork.checked(content, as_png=False)
    with Image.open(io.BytesIO(whole)) as picture:
        if picture.width <= WIDEST:
            return whole
        picture.draft("RGB", (WIDEST, WIDEST))
        smaller = picture.convert("RGB")
        smaller.thumbnail((WIDEST, WIDEST))
        stored = io.BytesIO()
        smaller.save(stored, "JPEG", quality=_QUALITY, optimize=True)
        return stored.getvalue()
