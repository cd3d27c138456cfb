"""Pictures in a series' folder, under the names that Kodi and Jellyfin look for (docs/metadata.md).

What comes from outside is judged by its content: a JPEG, PNG or WebP of sensible size that can be read to the end. It
is stored as the kind its name says, so that a PNG cover becomes a `poster.jpg` that is one.
"""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Callable
from pathlib import PurePosixPath

from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from library.metadata import beside
from library.models import Series
from providers.exceptions import TooLarge, WrongContent
from providers.http import IMAGE_LIMIT

POSTER, FANART, LOGO = "poster.jpg", "fanart.jpg", "logo.png"
MOST_PIXELS = 50_000_000
_LEAST_SIDE = 16
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 92
# Names under which media servers find the same picture: where one of them is, it is somebody's choice.
_OTHER_STEMS = {POSTER: ("folder", "cover", "poster"), FANART: ("fanart", "backdrop", "background"),
                LOGO: ("logo", "clearlogo")}  # fmt: skip
_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
# A large picture takes 200 MB while it is unpacked: one at a time in each process.
_unpacking = threading.Lock()

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def season_poster(season: int) -> str:
    """`season01-poster.jpg`, in the series' own folder; specials have a name of their own."""
    return "season-specials-poster.jpg" if season == 0 else f"season{season:02d}-poster.jpg"


def keep(series: Series, name: str, fetch: Callable[[], bytes]) -> bool:
    """Puts a picture into the series' folder under `name`; False, and nothing is fetched, when somebody else's stays.

    Raises `ProviderError`, also for what is no picture, `LoadingLost`, `LibraryUnavailable`, `ArrivalFailed`, OSError.
    """
    folder = PurePosixPath(series.folder)
    if not series.loading_overwrites and _is_somebody_else_s(series, folder, name):
        return False
    content = checked(fetch(), as_png=name.endswith(".png"))
    digest = _digest(content)
    # Before the file: a crash between the two must not make our own picture a stranger's.
    series.hold_loading(pictures={**series.pictures, name: [*_digests(series, name)[-1:], digest]})
    written: bool = beside.write(folder / name, content, may_replace=lambda _present: True)
    return written


def checked(content: bytes, *, as_png: bool) -> bytes:
    """The picture as PNG or JPEG; one of that kind already keeps its bytes. Raises `WrongContent` and `TooLarge`."""
    if len(content) > IMAGE_LIMIT:
        raise TooLarge(_("The picture has more than 20 MB."))
    wanted = "PNG" if as_png else "JPEG"
    try:
        with _unpacking, warnings.catch_warnings():
            # Up to twice the limit Pillow only warns.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                _demand_size(picture)
                picture.load()
                return content if picture.format == wanted else _converted(picture, wanted)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise TooLarge(_("The picture has more than 50 megapixels.")) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise WrongContent(_("What should be a picture is none, or is cut off.")) from None


def _demand_size(picture: Image.Image) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise TooLarge(_("The picture has more than 50 megapixels."))
    if min(picture.size) < _LEAST_SIDE:
        raise WrongContent(_("The picture is too small to be one."))


def _converted(picture: Image.Image, wanted: str) -> bytes:
    """Without what else was in the file. JPEG knows no transparency: it lies on black, as posters are shown."""
    stored = io.BytesIO()
    if wanted == "JPEG":
        seen = picture.convert("RGBA") if picture.has_transparency_data else picture.convert("RGB")
        if seen.mode == "RGBA":
            ground = Image.new("RGB", seen.size)
            ground.paste(seen, mask=seen.getchannel("A"))
            seen = ground
        seen.save(stored, "JPEG", quality=_QUALITY, optimize=True)
    else:
        picture.convert("RGBA").save(stored, "PNG")
    return stored.getvalue()


def _is_somebody_else_s(series: Series, folder: PurePosixPath, name: str) -> bool:
    """Whether a picture of that kind is there that this program did not write."""
    there = beside.names_in(folder)
    stems = _OTHER_STEMS.get(name, (PurePosixPath(name).stem,))
    others = {stem + extension for stem in stems for extension in _EXTENSIONS} - {name}
    if any(other.casefold() in others for other in there):
        return True
    present = beside.content_of(folder / name) if name in there else None
    return present is not None and _digest(present) not in _digests(series, name)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digests(series: Series, name: str) -> list[str]:
    """Of what was written under that name last, and of what was about to be."""
    known = series.pictures.get(name) if isinstance(series.pictures, dict) else None
    return [digest for digest in known if isinstance(digest, str)] if isinstance(known, list) else []
