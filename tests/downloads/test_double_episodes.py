"""A file that holds several episodes: shown at each of them, named as such, and gone from all when it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aniworld.configuration import store
from downloads import queue, removal, renames
from downloads.matrix import matrix
from library import scanning
from library.models import EpisodeFile, Scan, Series
from tests.aniworld.people import signed_in, user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db

DOUBLE = "Show/Show S01E01-E02 (German Dub).mkv"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    store.change({"library": {"directory": str(folder)}})
    return folder


@pytest.fixture
def series(library: Path) -> Series:
    """Four episodes, of which two are in one file."""
    series = make_series(key="show", name="Show", folder="Show", episodes_loaded=True)
    make_episodes(series, count=4, link="x", languages={"German Dub": "x", "German Sub": "x"})
    (library / DOUBLE).parent.mkdir()
    (library / DOUBLE).write_bytes(b"\x1a\x45\xdf\xa3video")
    scan()
    return series


def scan() -> None:
    done = Scan.objects.begin([], key="")
    scanning.work(done)
    assert done.status == Scan.Status.COMPLETED, done.error


def test_the_second_episode_shows_the_file_too(series: Series) -> None:
    detail = signed_in(user()).call("get", "/api/anime/show").json()
    shown = [(one["episode"], one["is_downloaded"], one["file_path"]) for one in detail["seasons"][0]["episodes"]]
    assert shown == [(1, True, DOUBLE), (2, True, DOUBLE), (3, False, None), (4, False, None)]
    assert detail["missing_episodes"] == 2
    assert [len(one["files"]) for one in detail["seasons"][0]["episodes"]] == [1, 1, 0, 0]
    cells = [row["languages"]["German Dub"] for row in matrix(series)["episodes"]]
    assert [cell["file_path"] for cell in cells] == [DOUBLE, DOUBLE, None, None]
    assert matrix(series)["coverage"]["German Dub"]["on_disk"] == 2


def test_the_page_marks_both(series: Series) -> None:
    browser = signed_in(user())
    browser.force_login(user("browser"))
    page = browser.get("/anime/show?season=1").content.decode()
    assert page.count("On disk") == 2


def test_the_second_episode_is_not_queued_again(series: Series) -> None:
    second = series.episodes.get(number=2)
    assert [one.reason for one in queue.enqueue(series, [second], language="German Dub").skipped] == ["downloaded"]
    assert queue.enqueue(series, [second], language="German Sub").added


def test_renaming_keeps_both_numbers(series: Series, library: Path) -> None:
    wanted = "Show/Season 01/Show - S01E01-E02 - (German Dub).mkv"
    assert [move["new"] for move in renames.rename(series, apply=True)["moves"]] == [wanted]
    before = EpisodeFile.objects.get()
    assert (before.path, before.last_number) == (wanted, 2)
    EpisodeFile.objects.all().delete()
    scan()
    assert EpisodeFile.objects.get().last_number == 2
    assert renames.rename(series, apply=False)["moves"] == []


def test_deleting_takes_it_from_both(series: Series, library: Path) -> None:
    removal.remove_series(series, delete_files=True)
    assert not (library / DOUBLE).exists()
    assert not series.episodes.filter(is_downloaded=True).exists()


def test_it_costs_the_same_however_many_there_are(series: Series) -> None:
    api = signed_in(user())
    few = queries_of(lambda: api.call("get", "/api/anime/show"))
    make_episodes(series, season=2, count=30)
    assert queries_of(lambda: api.call("get", "/api/anime/show")) == few
