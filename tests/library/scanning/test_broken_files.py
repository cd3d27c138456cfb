"""A series found on the disk with broken files among the good: what is known of it, and what nobody claims."""

from __future__ import annotations

import pytest
from django.test import Client

from aniworld.templatetags.drawings import series_cover
from library.models import Episode, Finding, Series
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series
from tests.library.scanning.conftest import Shelves

pytestmark = pytest.mark.django_db

GOOD = b"\x1a\x45\xdf\xa3\x01\x00\x00\x00"


def put(shelves: Shelves, number: int, content: bytes = GOOD, folder: str = "Dark") -> None:
    shelves.put(f"{folder}/Dark - S01E{number:02d}.mp4").write_bytes(content)


def states() -> dict[int, bool]:
    return dict(Episode.objects.order_by("number").values_list("number", "is_downloaded"))


@pytest.fixture
def dark(shelves: Shelves) -> Series:
    for number in (1, 4, 5):
        put(shelves, number)
    put(shelves, 2, b"")
    put(shelves, 3, b"<html>Not found</html>")
    shelves.scan()
    return Series.objects.get()


def page(client: Client, series: Series) -> str:
    return client.get(f"/anime/{series.key}").content.decode()


def test_the_episodes_of_broken_files_are_missing(dark: Series, shelves: Shelves) -> None:
    assert states() == {1: True, 2: False, 3: False, 4: True, 5: True}
    assert dark.total_episodes == 5
    assert Episode.objects.get(number=2).download_date is None
    details = Finding.objects.filter(kind="no_video").values_list("detail", flat=True)
    assert all("Put a good file in its place" in detail for detail in details)
    assert not any("downloaded again" in detail for detail in details)
    shelves.scan()
    assert states() == {1: True, 2: False, 3: False, 4: True, 5: True}


def test_a_good_file_in_its_place_and_one_that_broke_later(dark: Series, shelves: Shelves) -> None:
    put(shelves, 2)
    put(shelves, 4, b"")
    shelves.scan("dark")
    assert states() == {1: True, 2: True, 3: False, 4: False, 5: True}
    assert "Put a good file" in Finding.objects.get(path__contains="E04").detail


def test_nothing_is_called_complete_without_a_catalogue(dark: Series, shelves: Shelves, client: Client) -> None:
    client.force_login(user())
    text = page(client, dark)
    assert "Complete" not in text
    assert "S01E02" in text
    assert "All known files are there" not in text
    assert f'action="/anime/{dark.key}/download"' not in text.partition("<ol")[2].partition("</ol>")[0]
    put(shelves, 2)
    put(shelves, 3)
    shelves.scan()
    assert "All known files are there" in page(client, dark)
    Series.objects.update(provider="demo", slug="dark")
    assert "Complete" in page(client, dark)


def test_the_catalogue_alone_tells_which_episodes_there_are(shelves: Shelves) -> None:
    series = make_series(key="dark", name="Dark", folder="Dark", episodes_loaded=True)
    make_episodes(series, link="x", count=1)
    put(shelves, 1, b"")
    put(shelves, 9, b"")
    shelves.scan()
    assert states() == {1: False}
    assert "downloaded again" in Finding.objects.get(path__contains="E01").detail


def test_an_unknown_language_is_called_so(dark: Series, client: Client) -> None:
    client.force_login(user())
    coverage = page(client, dark).partition('class="coverage__list')[2].partition("</ul>")[0]
    assert "unknown language" in coverage


def test_findings_are_ignored_in_one_word_and_say_what_helps(shelves: Shelves, client: Client) -> None:
    client.force_login(user())
    shelves.put("Holidays/beach.mp4")
    shelves.scan()
    text = client.get("/findings").content.decode()
    assert "S00E01" in text
    assert "Ignore" in text
    assert "all right" not in text
    finding = Finding.objects.get()
    assert "is ignored" in client.post(f"/findings/{finding.pk}/ignore", follow=True).content.decode()


def test_a_picture_is_asked_for_only_where_there_is_one(dark: Series, shelves: Shelves, client: Client) -> None:
    client.force_login(user())
    for address in (f"/anime/{dark.key}/cover", f"/anime/{dark.key}/fanart"):
        assert address not in page(client, dark) + client.get("/").content.decode()
    shelves.put("Dark/fanart.jpg")
    shelves.put("Dark/poster.jpg")
    assert f"/anime/{dark.key}/fanart" in page(client, dark)
    shelves.scan()
    assert f"/anime/{dark.key}/cover" in page(client, dark)
    assert f"/anime/{dark.key}/cover" in client.get("/").content.decode()
    (shelves.root / "Dark/poster.jpg").unlink()
    shelves.scan()
    assert f"/anime/{dark.key}/cover" not in client.get("/").content.decode()
    assert series_cover(Series(key="x", name="X", cover_url="http://site/x.png"))["url"] == "/anime/x/cover"
