"""Loading nfo, logo and images: the files on disk one by one, what others made, and what goes wrong."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.utils import timezone
from PIL import Image

from aniworld.configuration import store
from library import catalog
from library.episodes import write_episodes
from library.metadata import episode_nfo, nfo
from library.metadata import tmdb as client
from library.models import Episode, Series
from providers.contracts import EpisodeEntry
from tests.library.factories import make_episodes, make_series
from tests.library.metadata.conftest import enter_key, load
from tests.library.metadata.tmdb_server import TmdbServer, picture

pytestmark = pytest.mark.django_db

VIDEO = "Der Leuchtturm (2021)/Season 01/Der Leuchtturm - S01E02 - (German Dub).mp4"


@pytest.fixture
def series(library: Path) -> Series:
    """With episodes of two seasons, of which one has a video."""
    made = make_series(
        name="Der Leuchtturm",
        key="leuchtturm",
        folder="Der Leuchtturm (2021)",
        year=2021,
        description="Was der Katalog sagt.",
        genres=["Mystery"],
        status="ongoing",
        episodes_loaded=True,
    )
    make_episodes(made, season=0, count=1, title="Ein Film")
    _first, second, _third = make_episodes(made, season=1, title="Beim Katalog")
    video = library / VIDEO
    video.parent.mkdir(parents=True)
    video.write_bytes(b"video")
    second.record_file("German Dub", VIDEO, size=5, duration=1440.0, mtime=1.0)
    return made


@pytest.fixture
def known(tmdb: TmdbServer, key: str) -> TmdbServer:
    """TMDB knows the series, and another one of a similar name."""
    tmdb.add(77, "Der Leuchtturm", 2021, original_name="灯台")
    tmdb.add(78, "Der Leuchtturm", 1999)
    return tmdb


def files(library: Path) -> dict[str, bytes]:
    return {str(path.relative_to(library)): path.read_bytes() for path in library.rglob("*") if path.is_file()}


def again(series: Series, *parts: str, overwrite: bool = False) -> Series:
    catalog.reload(series, parts, overwrite=overwrite)
    return load(series)


def test_every_file_is_as_kodi_and_jellyfin_document_it(series: Series, known: TmdbServer, library: Path) -> None:
    series = load(series)
    assert (series.loading_status, series.loading_error) == ("completed", "")
    assert series.missing_parts == ()
    folder, there = "Der Leuchtturm (2021)", files(library)
    assert sorted(there) == sorted(
        [
            VIDEO,
            VIDEO.replace(".mp4", ".nfo"),
            f"{folder}/tvshow.nfo",
            f"{folder}/poster.jpg",
            f"{folder}/fanart.jpg",
            f"{folder}/logo.png",
            f"{folder}/season01-poster.jpg",
            f"{folder}/season-specials-poster.jpg",
        ]
    )
    for name in ("poster", "fanart", "season01-poster", "season-specials-poster"):
        assert Image.open(io.BytesIO(there[f"{folder}/{name}.jpg"])).format == "JPEG"
    assert there[f"{folder}/poster.jpg"] == picture(color="red")
    assert Image.open(io.BytesIO(there[f"{folder}/logo.png"])).format == "PNG"
    show = ElementTree.fromstring(there[f"{folder}/tvshow.nfo"])
    assert (show.tag, show.findtext("title"), show.findtext("originaltitle")) == ("tvshow", "Der Leuchtturm", "灯台")
    assert [node.text for node in show.findall("uniqueid")] == ["77", "577", "tt0000077"]
    assert show.findtext("plot") == "Worum es in Der Leuchtturm geht."
    assert show.findtext("thumb[@aspect='clearlogo']") == f"{known.images}/original/logo.png"
    episode = ElementTree.fromstring(there[VIDEO.replace(".mp4", ".nfo")])
    assert [(node.tag, node.text) for node in episode] == [
        ("title", "Der Titel 2"),
        ("showtitle", "Der Leuchtturm"),
        ("season", "1"),
        ("episode", "2"),
        ("plot", "Was in Folge 2 geschieht."),
        ("aired", "2021-04-02"),
        ("runtime", "24"),
        ("uniqueid", "9002"),
    ]


def test_the_rows_know_what_tmdb_knows(series: Series, known: TmdbServer) -> None:
    series = load(series)
    assert (series.tmdb_id, series.tvdb_id, series.imdb_id) == (77, 577, "tt0000077")
    assert (series.description, series.genres) == ("Worum es in Der Leuchtturm geht.", ["Animation", "Drama"])
    assert series.has_nfo
    assert series.nfo_created_at == series.nfo_updated_at
    row = series.episodes.get(season=1, number=2)
    assert (row.title, row.aired_on, row.runtime_seconds, row.tmdb_id) == (
        "Der Titel 2",
        date(2021, 4, 2),
        1440,
        9002,
    )
    # TMDB only counts the specials, so the catalogue's word stays.
    assert series.episodes.get(season=0, number=1).title == "Ein Film"
    assert not [path for path in known.paths() if path.endswith(("season/9", "/never.jpg"))]


def test_the_catalogue_s_words_go_first_where_preferred(series: Series, known: TmdbServer, library: Path) -> None:
    store.change({"metadata": {"prefer": "catalogue"}})
    series = load(series)
    assert (series.description, series.genres) == ("Was der Katalog sagt.", ["Mystery"])
    row = series.episodes.get(season=1, number=2)
    assert (row.title, row.plot) == ("Beim Katalog", "Was in Folge 2 geschieht.")
    show = ElementTree.fromstring(files(library)["Der Leuchtturm (2021)/tvshow.nfo"])
    assert (show.findtext("plot"), show.findtext("genre")) == ("Was der Katalog sagt.", "Mystery")


@pytest.mark.parametrize(("prefer", "title"), [("tmdb", "Der Titel 2"), ("catalogue", "Neu beim Katalog")])
def test_reading_the_catalogue_again_respects_the_preference(
    series: Series, known: TmdbServer, prefer: str, title: str
) -> None:
    load(series)
    store.change({"metadata": {"prefer": prefer}})
    catalog.reload(series, ["episodes"])
    taken = Series.objects.claim_for_loading(1)
    assert taken is not None
    write_episodes(taken, [EpisodeEntry(season=1, number=2, link="x", title="Neu beim Katalog")], taken.hold_loading)
    assert Episode.objects.get(series=series, season=1, number=2).title == title


def test_without_a_key_the_catalogue_tells(series: Series, tmdb: TmdbServer, library: Path) -> None:
    tmdb.pictures["/cover.png"] = picture("PNG")
    series.describe({"cover_url": f"{tmdb.images}/cover.png"})
    series = load(series)
    assert (series.loading_status, series.missing_parts, series.loading_error) == ("completed", (), "")
    there = files(library)
    folder = "Der Leuchtturm (2021)"
    assert sorted(there) == sorted(
        [VIDEO, VIDEO.replace(".mp4", ".nfo"), f"{folder}/poster.jpg", f"{folder}/tvshow.nfo"]
    )
    assert Image.open(io.BytesIO(there[f"{folder}/poster.jpg"])).format == "JPEG"
    show = ElementTree.fromstring(there[f"{folder}/tvshow.nfo"])
    assert [(node.tag, node.text) for node in show] == [
        ("title", "Der Leuchtturm"),
        ("plot", "Was der Katalog sagt."),
        ("year", "2021"),
        ("status", "Continuing"),
        ("genre", "Mystery"),
    ]
    assert tmdb.paths() == ["/t/p/cover.png"]


def test_what_is_switched_off_is_done_without_doing_anything(series: Series, known: TmdbServer, library: Path) -> None:
    store.change({"library": {"nfo_enabled": False, "images_enabled": False}})
    series = load(series)
    assert (series.loading_status, series.missing_parts) == ("completed", ())
    assert (list(files(library)), known.asked, series.has_nfo) == ([VIDEO], [], False)
    episode_nfo.arrived(series.episodes.get(season=1, number=2), VIDEO)
    assert list(files(library)) == [VIDEO]


def test_hand_made_files_stay_unless_told_and_their_ids_are_believed(
    series: Series, known: TmdbServer, library: Path
) -> None:
    folder = library / "Der Leuchtturm (2021)"
    mine = b"<tvshow><title>Meins</title><uniqueid type='tvdb'>578</uniqueid></tvshow>"
    (folder / "tvshow.nfo").write_bytes(mine)
    (folder / "folder.jpg").write_bytes(b"mine")
    (library / VIDEO).with_suffix(".nfo").write_bytes(b"<episodedetails/>")
    series = load(series)
    # By its titles and year it would have been 77.
    assert (series.loading_status, series.tmdb_id, series.has_nfo) == ("completed", 78, True)
    assert (folder / "tvshow.nfo").read_bytes() == mine
    assert series.nfo_updated_at is None
    assert (library / VIDEO).with_suffix(".nfo").read_bytes() == b"<episodedetails/>"
    assert not (folder / "poster.jpg").exists()
    assert (folder / "fanart.jpg").exists()
    series = again(series, "nfo", "images", overwrite=True)
    assert (series.loading_status, series.loading_overwrites) == ("completed", False)
    assert nfo.is_ours((folder / "tvshow.nfo").read_bytes())
    assert nfo.is_ours((library / VIDEO).with_suffix(".nfo").read_bytes())
    assert (folder / "poster.jpg").exists()
    assert (folder / "folder.jpg").read_bytes() == b"mine"


def test_ours_is_written_anew_and_an_edited_one_stays(series: Series, known: TmdbServer, library: Path) -> None:
    series = load(series)
    place = library / "Der Leuchtturm (2021)" / "tvshow.nfo"
    known.known[77]["overview"] = "Neu erzählt."
    client.forget()
    series = again(series, "nfo")
    assert "Neu erzählt." in place.read_text()
    assert series.nfo_created_at is not None
    assert series.nfo_updated_at is not None
    assert series.nfo_updated_at > series.nfo_created_at
    place.write_text(place.read_text().replace("Neu erzählt.", "Von Hand."))
    series = again(series, "nfo")
    assert "Von Hand." in place.read_text()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ('<script>alert(1)</script> & "Söhne" ]]>', "Show"),
        ("Tom &amp; Jerry\x08", "Tom & Jerry"),
        ("'; DROP TABLE library_series; --", "x"),
        ("進撃の巨人\u202e", "進撃の巨人 (2013)"),
        ("😀" * 50, "😀"),
    ],
)
def test_hostile_titles_do_no_harm(library: Path, tmdb: TmdbServer, key: str, name: str, folder: str) -> None:
    series = make_series(name=name, folder=folder, description=name * 20, episodes_loaded=True)
    series = load(series)
    assert (series.loading_status, series.loading_error) == ("completed", "")
    show = ElementTree.parse(library / folder / "tvshow.nfo").getroot()
    assert show.findtext("title") == nfo.clean(name)
    assert {path.parent.name for path in library.rglob("*") if path.is_file()} == {folder}


def test_no_sure_match_leaves_it_to_a_person(series: Series, known: TmdbServer, library: Path) -> None:
    series.describe({"year": None})
    series = load(series)
    assert (series.loading_status, series.tmdb_id, series.has_nfo) == ("completed", None, True)
    assert not (library / "Der Leuchtturm (2021)" / "logo.png").exists()


def test_a_number_that_is_gone_is_looked_for_anew(series: Series, known: TmdbServer) -> None:
    series.describe({"tmdb_id": 4711})
    assert load(series).tmdb_id == 77


def due(series: Series) -> None:
    Series.objects.filter(pk=series.pk).update(loading_next_try=timezone.now())


def test_a_failed_logo_keeps_nothing_else_and_is_loaded_alone(series: Series, known: TmdbServer, library: Path) -> None:
    known.faults["logo.png"] = "500"
    series = load(series)
    for retry in (1, 2, 3):
        assert (series.loading_status, series.loading_retries, series.missing_parts) == ("pending", retry, ("logo",))
        due(series)
        series = load(series)
    assert (series.loading_status, series.missing_parts) == ("failed", ("logo",))
    assert "500" in series.loading_error
    assert known.paths().count("/t/p/original/logo.png") == 4
    assert (library / "Der Leuchtturm (2021)" / "poster.jpg").exists()
    known.faults.clear()
    asked = len(known.asked)
    series = again(series, "logo")
    assert (series.loading_status, series.loading_error) == ("completed", "")
    assert known.paths()[asked:] == ["/t/p/original/logo.png"]


def test_one_bad_picture_keeps_no_other_and_is_not_tried_again(
    series: Series, known: TmdbServer, library: Path
) -> None:
    known.pictures["/poster77.jpg"] = b"<html>no picture</html>"
    series = load(series)
    assert (series.loading_status, series.loading_retries, series.missing_parts) == ("failed", 0, ("images",))
    assert "picture" in series.loading_error
    folder = library / "Der Leuchtturm (2021)"
    assert not (folder / "poster.jpg").exists()
    assert (folder / "fanart.jpg").exists()
    assert (folder / "season01-poster.jpg").exists()


def test_a_picture_that_is_gone_is_none(series: Series, known: TmdbServer) -> None:
    del known.pictures["/fanart77.jpg"]
    assert load(series).loading_status == "completed"


def test_while_tmdb_fails_the_catalogue_tells_and_a_richer_file_stays(
    series: Series, known: TmdbServer, library: Path
) -> None:
    known.faults["/3/"] = "500"
    series = load(series)
    assert (series.loading_status, series.missing_parts) == ("pending", ("nfo", "logo", "images"))
    place = library / "Der Leuchtturm (2021)" / "tvshow.nfo"
    assert "Was der Katalog sagt." in place.read_text()
    known.faults.clear()
    due(series)
    series = load(series)
    assert (series.loading_status, series.has_nfo) == ("completed", True)
    rich = place.read_text()
    assert "Worum es" in rich
    client.forget()
    known.faults["/3/"] = "garbage"
    series = again(series, "nfo")
    assert (series.loading_status, place.read_text()) == ("failed", rich)


def test_a_wrong_key_is_said_once_and_not_tried_again(series: Series, known: TmdbServer, library: Path) -> None:
    enter_key("f" * 32)
    series = load(series)
    assert (series.loading_status, series.loading_retries) == ("failed", 0)
    assert series.loading_error.count("does not accept the key") == 1
    assert (library / "Der Leuchtturm (2021)" / "tvshow.nfo").exists()


def test_a_429_is_waited_for(series: Series, known: TmdbServer) -> None:
    known.faults["/3/"] = "429"
    known.retry_after = "90"
    series = load(series)
    assert (series.loading_status, len(known.asked)) == ("pending", 1)
    assert series.loading_next_try is not None
    assert (series.loading_next_try - timezone.now()).total_seconds() > 80


def test_a_disk_that_refuses_is_not_tried_again(series: Series, known: TmdbServer, library: Path) -> None:
    (library / "Der Leuchtturm (2021)" / "tvshow.nfo").mkdir()
    series = load(series)
    assert (series.loading_status, series.missing_parts) == ("completed", ())
    series = again(series, "nfo", overwrite=True)
    assert (series.loading_status, series.loading_retries, series.missing_parts) == ("failed", 0, ("nfo",))
    assert "tvshow.nfo" in series.loading_error


def test_an_arrival_writes_the_nfo_and_never_fails_for_it(series: Series, library: Path) -> None:
    row = series.episodes.get(season=1, number=2)
    Episode.objects.filter(pk=row.pk).update(title="Frisch", runtime_seconds=1430)
    episode_nfo.arrived(row, VIDEO)
    place = (library / VIDEO).with_suffix(".nfo")
    written = ElementTree.parse(place).getroot()
    assert (written.findtext("title"), written.findtext("runtime")) == ("Frisch", "24")
    place.unlink()
    place.mkdir()
    episode_nfo.arrived(row, VIDEO)
    store.change({"library": {"directory": str(library)}})
    episode_nfo.arrived(row, "../../outside.mp4")
    assert not (library.parent.parent / "outside.nfo").exists()
    place.rmdir()
    episode_nfo.arrived(row, VIDEO)
    episode_nfo.discard(VIDEO)
    assert not place.exists()
    place.write_bytes(b"<episodedetails/>")
    episode_nfo.discard(VIDEO)
    assert place.exists()


def test_no_leftovers(series: Series, known: TmdbServer, library: Path) -> None:
    load(series)
    assert not list(library.rglob(".*"))
