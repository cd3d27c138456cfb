"""Names of files: what would be renamed and is, what can't be, and examples of templates while they are typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from aniworld.configuration import store
from aniworld.pages.renaming import compared
from library.models import EpisodeFile, Series
from library.root import library_root
from tests.browser import seed
from tests.browser.test_pages import HTMX, Markup, series, text_of

pytestmark = pytest.mark.django_db

OTHER = "{series} {season}x{episode:02} [{language}]"


@pytest.fixture
def on_disk(settings: Any, admin: object) -> tuple[Series, Path]:
    """A series whose three files really stand where their rows say."""
    row = series("Beneath Paper Lanterns")
    for file in EpisodeFile.objects.filter(episode__series=row):
        place = Path(settings.LIBRARY_DIR) / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"video")
    return row, Path(settings.LIBRARY_DIR)


def test_nothing_to_do_is_said(browser: Client) -> None:
    assert "Every file has its right name" in text_of(browser.get("/anime/beneath-paper-lanterns/rename"))
    assert "There are no files yet" in text_of(browser.get("/anime/nine-tides/rename"))


def test_files_are_renamed_after_a_look_and_back_again(browser: Client, on_disk: tuple[Series, Path]) -> None:
    row, library = on_disk
    store.change({"library": {"file_template": OTHER}})
    before = sorted(path.name for path in library.rglob("*.mp4"))
    text = text_of(browser.get(f"/anime/{row.key}/rename"))
    assert (Markup(text).refused, Markup(text).doubled) == ([], set())
    assert "Rename 3 files" in text
    assert re.search(r"<ins>[^<]*1x01", text)
    assert re.search(r"<del>[^<]*S01E01", text)
    assert sorted(path.name for path in library.rglob("*.mp4")) == before
    answer = browser.post(f"/anime/{row.key}/rename", follow=True)
    assert "3 files were renamed." in text_of(answer)
    assert "Beneath Paper Lanterns 1x01 [German Sub].mp4" in {path.name for path in library.rglob("*.mp4")}
    undo = re.search(r'action="(/undo/[^"]+)"', text_of(answer))
    assert undo
    browser.post(undo[1])
    assert sorted(path.name for path in library.rglob("*.mp4")) == before
    assert EpisodeFile.objects.filter(path__contains="S01E01", episode__series=row).exists()


def test_a_name_that_is_taken_is_told_and_left(browser: Client, on_disk: tuple[Series, Path]) -> None:
    row, library = on_disk
    store.change({"library": {"file_template": OTHER}})
    file = EpisodeFile.objects.get(episode__series=row, episode__number=1)
    stranger = library / Path(file.path).parent / "Beneath Paper Lanterns 1x01 [German Sub].mp4"
    stranger.write_bytes(b"somebody else's")
    answer = browser.post(f"/anime/{row.key}/rename", follow=True)
    assert "2 files were renamed. 1 could not be:" in text_of(answer)
    assert stranger.read_bytes() == b"somebody else's"
    assert (library / file.path).exists()


def test_only_administrators_rename(admin: object) -> None:
    member = Client()
    member.force_login(seed.user("member", staff=False))
    assert member.get("/anime/nine-tides/rename").status_code == 403
    assert member.post("/anime/nine-tides/rename").status_code == 403
    assert "/rename" not in text_of(member.get("/anime/nine-tides"))


def test_a_vanished_library_is_said(browser: Client) -> None:
    store.change({"library": {"file_template": OTHER}})
    library_root().rmdir()
    answer = browser.post("/anime/beneath-paper-lanterns/rename", follow=True)
    assert "is not there" in text_of(answer)


def test_what_differs_is_told_apart() -> None:
    old, new = compared("A/Season 1/A - S01E01.mp4", "A/Season 01/A - S01E01.mp4")
    assert ["".join(piece.text for piece in pieces) for pieces in (old, new)] == [
        "A/Season 1/A - S01E01.mp4",
        "A/Season 01/A - S01E01.mp4",
    ]
    assert [piece.text for piece in old if not piece.is_same] == ["1"]
    assert [piece.text for piece in new if not piece.is_same] == ["01"]


def test_examples_follow_what_is_typed(browser: Client) -> None:
    def told(**said: str) -> str:
        return text_of(browser.get("/parts/naming-preview", said, headers=HTMX))

    now = told()
    assert "Silver Thread (2021)/Season 01/Silver Thread - S01E05 - (German Dub).mp4" in now
    assert "Season 00" in now
    assert "What If - &#x27;Who&#x27;" in now
    flat = told(
        library__file_template="{series} {season}x{episode} {language} {title}", library__folder_template="{series}"
    )
    assert "Silver Thread/Silver Thread 1x5 German Dub The Second Key.mp4" in flat
    assert "Season" not in flat
    assert "Season 01" in told(file_template=OTHER, season_folders="on")
    longest = max(re.findall(r"<code>([^<]+)</code>", now), key=len)
    assert all(len(part.encode()) <= 255 for part in longest.split("/"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"file_template": "{series}"}, "must contain"),
        ({"file_template": "{series.__class__} {episode} {language}"}, "is not known"),
        ({"folder_template": "{year}"}, "must contain"),
        ({"file_template": "a/b {episode} {language} {season}"}, "can&#x27;t contain"),
        ({"file_template": "{"}, "can&#x27;t be read"),
        ({"file_template": "\x00" * 9000}, "must contain"),
        ({"file_template": "x" * 480 + "{episode}{language}"}, "naming__problem"),
    ],
)
def test_a_template_that_will_not_do_says_why_at_once(browser: Client, said: dict[str, str], why: str) -> None:
    answer = browser.get("/parts/naming-preview", said)
    assert answer.status_code == 200
    assert why in text_of(answer)


def test_the_forms_of_the_settings_hold_the_examples(browser: Client) -> None:
    for address in ("/settings/library", "/admin/configuration/configuration/1/change/"):
        store.ensure_row()
        text = text_of(browser.get(address))
        assert 'data-naming-preview="/parts/naming-preview"' in text
        assert "js/naming_preview.js" in text
    assert "data-naming-preview" not in text_of(browser.get("/settings/downloads"))
