"""Pictures are judged by what they hold, and become what their name says."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from library.metadata import artwork
from library.metadata.artwork import checked, season_poster
from library.models import Series
from providers.exceptions import ProviderError, TooLarge, WrongContent
from providers.http import IMAGE_LIMIT
from tests.library.factories import make_series
from tests.library.metadata.tmdb_server import picture


def kind_of(content: bytes) -> str | None:
    return Image.open(io.BytesIO(content)).format


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


def test_a_picture_of_the_right_kind_keeps_its_bytes() -> None:
    assert checked(picture("JPEG"), as_png=False) == picture("JPEG")
    assert checked(picture("PNG"), as_png=True) == picture("PNG")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_another_kind_is_converted(kind: str) -> None:
    assert kind_of(checked(picture(kind), as_png=False)) == "JPEG"
    assert kind_of(checked(picture(kind), as_png=True)) == "PNG"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html>not found</html>",
        b"GIF89a" + b"\0" * 100,
        picture("JPEG", (400, 600))[:-600],
        picture("PNG", (400, 600))[:200],
        picture("JPEG", (4, 600)),
    ],
    ids=["empty", "svg", "page", "gif", "cut jpeg", "cut png", "sliver"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(WrongContent):
        checked(content, as_png=False)


@pytest.mark.parametrize("size", [(10_000, 5_001), (60_000, 60_000), (8_000, 7_000)])
def test_a_huge_picture_is_refused_unread(size: tuple[int, int]) -> None:
    with pytest.raises(TooLarge):
        checked(bomb(*size), as_png=False)
    with pytest.raises(TooLarge):
        checked(b"\0" * (IMAGE_LIMIT + 1), as_png=False)


def test_seasons_have_the_names_that_media_servers_know() -> None:
    assert [season_poster(number) for number in (0, 1, 12)] == [
        "season-specials-poster.jpg",
        "season01-poster.jpg",
        "season12-poster.jpg",
    ]


def claimed(**values: object) -> Series:
    series = make_series(folder="Show", **values)
    taken = Series.objects.claim_for_loading(1)
    assert taken is not None
    assert taken.pk == series.pk
    return taken


def names(library: Path) -> list[str]:
    return sorted(path.name for path in (library / "Show").iterdir())


@pytest.mark.django_db
def test_ours_is_replaced_and_somebody_else_s_stays(library: Path) -> None:
    series, fetched = claimed(), []

    def fetch(content: bytes) -> bytes:
        fetched.append(content)
        return content

    red, blue = picture(color="red"), picture(color="blue")
    assert artwork.keep(series, "poster.jpg", lambda: fetch(red))
    assert artwork.keep(series, "poster.jpg", lambda: fetch(blue))
    poster = library / "Show" / "poster.jpg"
    assert poster.read_bytes() == blue
    again = Series.objects.get(pk=series.pk)
    assert len(again.pictures["poster.jpg"]) == 2
    poster.write_bytes(picture(color="green"))
    assert not artwork.keep(series, "poster.jpg", lambda: fetch(red))
    assert len(fetched) == 2
    series.loading_overwrites = True
    assert artwork.keep(series, "poster.jpg", lambda: fetch(red))
    assert (poster.read_bytes(), names(library)) == (red, ["poster.jpg"])


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["folder.jpg", "Cover.PNG", "poster.webp"])
def test_a_picture_of_another_name_for_the_same_stays_the_only_one(library: Path, other: str) -> None:
    series = claimed()
    (library / "Show").mkdir()
    (library / "Show" / other).write_bytes(b"mine")
    assert not artwork.keep(series, "poster.jpg", picture)
    assert artwork.keep(series, "season01-poster.jpg", picture)
    assert names(library) == sorted([other, "season01-poster.jpg"])


@pytest.mark.django_db
def test_a_bad_picture_leaves_the_good_one(library: Path) -> None:
    series = claimed()
    artwork.keep(series, "poster.jpg", picture)
    with pytest.raises(ProviderError):
        artwork.keep(series, "poster.jpg", lambda: b"<html>")
    assert (library / "Show" / "poster.jpg").read_bytes() == picture()


@pytest.mark.django_db
def test_a_link_is_somebody_else_s_and_leads_nowhere(library: Path, tmp_path: Path) -> None:
    series, outside = claimed(), tmp_path / "outside.jpg"
    outside.write_bytes(b"mine")
    (library / "Show").mkdir()
    (library / "Show" / "poster.jpg").symlink_to(outside)
    assert not artwork.keep(series, "poster.jpg", picture)
    series.loading_overwrites = True
    assert artwork.keep(series, "poster.jpg", picture)
    assert outside.read_bytes() == b"mine"
    assert not (library / "Show" / "poster.jpg").is_symlink()
