"""A real `up` with a TMDB beside it: add, load, download; then every file on disk against the documented layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.downloads.driving import add_series, arrived, episodes, queue
from tests.library.metadata.tmdb_server import KEY, TmdbServer
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("end-to-end")]


@pytest.fixture(scope="module")
def tmdb() -> Iterator[TmdbServer]:
    with TmdbServer() as server:
        yield server


@pytest.fixture(scope="module")
def up(tmdb: TmdbServer) -> Iterator[Running]:
    environment = {
        "DEMO_SPEED": "0",
        "TMDB_API_KEY": KEY,
        "TMDB_API_URL": tmdb.api,
        "TMDB_IMAGE_URL": tmdb.images,
        "ALLOWED_PRIVATE_HOSTS": tmdb.host,
    }
    with Running(demo=True, environment=environment) as running:
        running.setup()
        yield running


def loaded(up: Running, key: str) -> None:
    def done() -> bool:
        state = up.api("GET", f"/api/anime/{key}/loading-status")
        assert state["loading_status"] != "failed", state
        return bool(state["loading_status"] == "completed")

    eventually(done, 60, f"{key} loaded")


def test_a_downloaded_series_lies_there_as_media_servers_want_it(up: Running, tmdb: TmdbServer) -> None:
    found = up.api("POST", "/api/anime/search", {"query": "a"})["items"][0]
    tmdb.add(77, found["name"], found["year"])
    key = add_series(up, 0)
    loaded(up, key)
    first, second = [place for place in episodes(up, key) if place[0] == 1][:2]
    arrived(up, queue(up, key, [first, second]))
    detail = up.api("GET", f"/api/anime/{key}")
    assert (detail["tmdb_id"], detail["tvdb_id"], detail["has_nfo"]) == (77, 577, True)
    assert detail["loading_progress"] == {"episodes": True, "nfo": True, "logo": True, "images": True}
    folder = up.data_dir / "library" / detail["folder"]
    seasons = {season["season"] for season in detail["seasons"]}
    posters = {"season01-poster.jpg"} | ({"season-specials-poster.jpg"} if 0 in seasons else set())
    videos = {f"Season 01/{found['name']} - S01E{number:02d} - (German Dub)" for number in (first[1], second[1])}
    assert names(folder) == (
        {"tvshow.nfo", "poster.jpg", "fanart.jpg", "logo.png"}
        | posters
        | {f"{video}.mp4" for video in videos}
        | {f"{video}.nfo" for video in videos}
    )
    for name in ("poster.jpg", "fanart.jpg", *posters):
        assert Image.open(folder / name).format == "JPEG"
    assert Image.open(folder / "logo.png").format == "PNG"
    show = ElementTree.parse(folder / "tvshow.nfo").getroot()
    assert (show.tag, show.findtext("uniqueid[@type='tmdb']")) == ("tvshow", "77")
    for number, video in zip((first[1], second[1]), sorted(videos), strict=True):
        episode = ElementTree.parse(folder / f"{video}.nfo").getroot()
        assert (episode.tag, episode.findtext("season")) == ("episodedetails", "1")
        assert (episode.findtext("episode"), episode.findtext("title")) == (str(number), f"Der Titel {number}")
    assert KEY not in up.output()
    for log in (up.data_dir / "logs").iterdir():
        assert KEY not in log.read_text(errors="replace")


def test_a_part_is_loaded_again_alone(up: Running) -> None:
    [series] = up.api("GET", "/api/anime")["items"]
    logo = up.data_dir / "library" / series["folder"] / "logo.png"
    logo.unlink()
    up.api("POST", f"/api/anime/{series['key']}/reload", {"parts": ["logo"]}, status=202)
    loaded(up, series["key"])
    assert logo.exists()


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
