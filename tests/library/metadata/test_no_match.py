"""A person says that TMDB does not have a series; and the year that only TMDB knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from downloads import renames
from downloads.undo import undo
from library.models import AnnouncedEpisode, EpisodeFile, Series
from tests.aniworld.people import signed_in, user
from tests.library.factories import make_episodes, make_series
from tests.library.metadata.conftest import load
from tests.library.metadata.tmdb_server import TmdbServer

pytestmark = pytest.mark.django_db

PATH = "/api/anime/show/metadata"
VIDEO = "Show/Season 01/Show - S01E01 - (German Dub).mkv"


@pytest.fixture
def series(tmdb: TmdbServer, library: Path, key: str) -> Series:
    """Without a year, as its catalogue names none."""
    tmdb.add(77, "Show", 2021)
    made = make_series(key="show", provider="", name="Show", folder="Show", folder_provisional=True, total_episodes=3)
    make_episodes(made, season=1, link="x")
    return made


def test_no_match_stays_and_is_not_asked_again(series: Series, tmdb: TmdbServer, library: Path) -> None:
    series = load(series)
    assert (series.tmdb_id, series.episodes.filter(tmdb_id__isnull=False).count()) == (77, 3)
    api = signed_in(user())
    answer = api.call("post", PATH, {"tmdb_id": None})
    assert answer.status_code == 202, answer.content
    assert (answer.json()["tmdb_id"], answer.json()["tmdb_refused"]) == (None, True)
    tmdb.asked.clear()
    series = load(Series.objects.get(pk=series.pk))
    assert tmdb.paths() == []
    assert (series.tmdb_id, series.tvdb_id, series.imdb_id, series.tmdb_refused) == (None, None, "", True)
    assert not series.episodes.filter(tmdb_id__isnull=False).exists()
    assert not AnnouncedEpisode.objects.exists()
    assert b"uniqueid" not in (library / series.folder / "tvshow.nfo").read_bytes()
    assert api.call("post", PATH, {"tmdb_id": 77}).json()["tmdb_refused"] is False
    assert load(Series.objects.get(pk=series.pk)).tmdb_id == 77


@pytest.mark.parametrize("body", [{}, {"tmdb_id": 0}, {"tmdb_id": "none"}])
def test_no_match_has_to_be_said(series: Series, body: dict[str, object]) -> None:
    assert signed_in(user()).call("post", PATH, body).status_code == 422


def test_the_page_offers_it(series: Series) -> None:
    browser = Client()
    browser.force_login(user("browser"))
    assert 'value="none"' in browser.get("/anime/show/metadata").content.decode()
    assert browser.post("/anime/show/metadata", {"tmdb_id": "none"}).status_code == 302
    assert Series.objects.get(pk=series.pk).tmdb_refused


def test_the_folder_takes_a_year_that_only_tmdb_knows(series: Series, library: Path) -> None:
    (library / "Show").mkdir()
    (library / "Show" / "poster.jpg").write_bytes(b"of somebody")
    series = load(series)
    assert (series.year, series.folder, series.folder_provisional) == (2021, "Show (2021)", False)
    assert (library / "Show (2021)" / "poster.jpg").read_bytes() == b"of somebody"
    assert (library / "Show (2021)" / "tvshow.nfo").is_file()
    assert not (library / "Show").exists()


def put(series: Series, library: Path) -> None:
    (library / VIDEO).parent.mkdir(parents=True)
    (library / VIDEO).write_bytes(b"video")
    series.episodes.get(number=1).record_file("German Dub", VIDEO, size=5, duration=None, mtime=1.0)


def there(library: Path) -> set[str]:
    return {str(path.relative_to(library)) for path in library.rglob("*") if path.is_file() and path.suffix != ".jpg"}


def test_with_files_in_it_renaming_offers_the_year(series: Series, library: Path) -> None:
    put(series, library)
    series = load(series)
    assert (series.year, series.folder, series.folder_provisional) == (2021, "Show", True)
    preview = renames.rename(series, apply=False)["moves"]
    new = VIDEO.replace("Show/", "Show (2021)/")
    assert [(move["old"], move["new"]) for move in preview] == [(VIDEO, new), ("Show", "Show (2021)")]
    done = renames.rename(series, apply=True, by=user())
    assert done["failed"] == []
    series = Series.objects.get(pk=series.pk)
    assert (series.folder, series.folder_provisional) == ("Show (2021)", False)
    assert EpisodeFile.objects.get().path == new
    assert there(library) == {new, new.replace(".mkv", ".nfo"), "Show (2021)/tvshow.nfo", "Show (2021)/logo.png"}
    assert not (library / "Show").exists()
    undo(done["undo_id"])
    assert Series.objects.get(pk=series.pk).folder == "Show"
    assert there(library) == {VIDEO, VIDEO.replace(".mkv", ".nfo"), "Show/tvshow.nfo", "Show/logo.png"}


def test_a_folder_that_a_person_chose_stays(series: Series, library: Path) -> None:
    series.change(folder="Mine")
    series = load(series)
    assert (series.year, series.folder) == (2021, "Mine")
    assert renames.rename(series, apply=False)["moves"] == []


def test_a_folder_of_another_series_is_not_taken(series: Series, library: Path) -> None:
    make_series(folder="Show (2021)")
    assert load(series).folder == "Show (2021) (2)"
