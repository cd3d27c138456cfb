"""Files that have a video's name and are none: told, and not believed."""

from __future__ import annotations

import pytest

from library.models import Episode, Finding, Series
from library.scanner.judging import fault_of
from library.scanner.walking import Video
from tests.library.factories import make_episodes, make_series
from tests.library.scanning.conftest import Shelves, findings, known

pytestmark = pytest.mark.django_db

MATROSKA = b"\x1a\x45\xdf\xa3\x01\x00\x00\x00"
FOLDER = "Dark (2017)"


@pytest.fixture
def dark(shelves: Shelves) -> Series:
    series = make_series(key="dark", name="Dark", folder=FOLDER, episodes_loaded=True)
    make_episodes(series, link="x")
    return series


def put(shelves: Shelves, path: str, content: bytes) -> None:
    shelves.put(path).write_bytes(content)


def fault(shelves: Shelves, content: bytes, name: str = "a.mkv") -> str:
    file = shelves.put(name)
    file.write_bytes(content)
    return fault_of(shelves.root, Video(name, len(content), 1.0))


@pytest.mark.parametrize(
    "content",
    [
        *(MATROSKA, b"\x00\x00\x00\x20ftypisom", b"RIFF\x00\x00\x00\x00AVI LIST", b"\x47\x40\x00\x10" + b"\xff" * 184),
        *(b"OggS\x00\x02", b"FLV\x01\x05", b"0&\xb2u\x8ef\xcf\x11", b"\x00\x00\x01\xba\x44", b"ID3\x04\x00"),
        # What fills a gap may be the beginning of anything.
        *(b"\x00" * 600, b"x" * 600),
    ],
)
def test_what_may_be_a_video_is_believed(shelves: Shelves, content: bytes) -> None:
    assert fault(shelves, content) == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<!doctype html>\n<title>404</title>", "text"),
        (b"Not found", "text"),
        ("Die Datei wurde gelöscht. ".encode() * 40, "text"),
        ("ﬁn – ".encode() * 171, "text"),
        (b"%PDF-1.7\x80\x81", "PDF"),
        (b"PK\x03\x04\x14\x00", "ZIP"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
    ],
)
def test_what_is_surely_none_is_told_with_the_reason(shelves: Shelves, content: bytes, said: str) -> None:
    assert said in fault(shelves, content)


def test_an_address_in_a_stream_file_is_as_it_should_be(shelves: Shelves) -> None:
    assert fault(shelves, b"http://tv.local/stream/1", "a.strm") == ""
    assert fault_of(shelves.root, Video("gone.mkv", 5, 1.0)) == ""


def test_it_makes_no_episode_downloaded(dark: Series, shelves: Shelves) -> None:
    put(shelves, f"{FOLDER}/Dark S01E01.mkv", b"")
    put(shelves, f"{FOLDER}/Dark S01E02.mkv", b"<html>Not found</html>")
    put(shelves, f"{FOLDER}/Dark S01E03.mkv", MATROSKA)
    assert shelves.changes() == {"new": 1}
    assert list(known()) == [f"{FOLDER}/Dark S01E03.mkv"]
    assert findings() == {("no_video", f"{FOLDER}/Dark S01E01.mkv"), ("no_video", f"{FOLDER}/Dark S01E02.mkv")}
    finding = Finding.objects.get(path=f"{FOLDER}/Dark S01E01.mkv")
    assert finding.series == dark
    assert "Delete it" in finding.detail
    assert shelves.changes() == {}
    assert len(findings()) == 2


def test_it_is_settled_once_it_is_a_video_or_gone(dark: Series, shelves: Shelves) -> None:
    put(shelves, f"{FOLDER}/Dark S01E01.mkv", b"")
    put(shelves, f"{FOLDER}/Dark S01E02.mkv", b"")
    shelves.changes()
    put(shelves, f"{FOLDER}/Dark S01E01.mkv", MATROSKA)
    (shelves.root / FOLDER / "Dark S01E02.mkv").unlink()
    assert shelves.changes() == {"new": 1}
    assert findings() == set()
    assert list(Episode.objects.filter(is_downloaded=True).values_list("number", flat=True)) == [1]


def test_a_known_file_that_became_none_is_missing_again(dark: Series, shelves: Shelves) -> None:
    put(shelves, f"{FOLDER}/Dark S01E01.mkv", MATROSKA)
    shelves.changes()
    put(shelves, f"{FOLDER}/Dark S01E01.mkv", b"")
    shelves.changes()
    assert known() == {}
    assert not Episode.objects.filter(is_downloaded=True).exists()
    assert findings() == {("no_video", f"{FOLDER}/Dark S01E01.mkv")}


def test_an_unknown_folder_of_such_files_is_no_series(shelves: Shelves) -> None:
    put(shelves, "Broken/Broken S01E01.mkv", b"")
    put(shelves, "Half/Half S01E01.mkv", b"")
    put(shelves, "Half/Half S01E02.mkv", MATROSKA)
    assert shelves.changes() == {"new": 1, "adopted": 1}
    assert list(Series.objects.values_list("name", flat=True)) == ["Half"]
    assert findings() == {("no_video", "Broken/Broken S01E01.mkv"), ("no_video", "Half/Half S01E01.mkv")}
