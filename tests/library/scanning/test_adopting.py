"""Folders that were there before this program: they become series, and find their catalogue."""

from __future__ import annotations

import pytest

from library import candidates, catalog, loading
from library.models import Finding, Series
from library.scanner import linking
from library.scanner.understanding import read_folder
from providers.demo.site import Site
from tests.aniworld.people import signed_in, user
from tests.library.factories import make_series
from tests.library.scanning.conftest import Shelves, findings, known

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("folder", "name", "year"),
    [
        ("Attack on Titan (2013)", "Attack on Titan", 2013),
        ("Attack.on.Titan.2013.S01.German.1080p.WEB", "Attack on Titan 2013", None),
        ("Dark [2017-2020] [tvdbid-334824]", "Dark", 2017),
        ("Dark {tmdb-70523}", "Dark", None),
        ("[Group] Mob Psycho 100 (2016)", "Mob Psycho 100", 2016),
        ("Breaking Bad Staffel 1", "Breaking Bad", None),
        ("86 - Eighty Six", "86 - Eighty Six", None),
        ("(2019)", "(2019)", 2019),
        ("進撃の巨人 (2013)", "進撃の巨人", 2013),
    ],
)
def test_what_a_folder_tells(folder: str, name: str, year: int | None) -> None:
    told = read_folder(folder)
    assert (told.name, told.year) == (name, year)


def test_an_existing_library_appears_at_once(shelves: Shelves) -> None:
    shelves.put("Attack on Titan (2013)/Season 01/Attack on Titan - S01E01 - (German Dub).mp4")
    shelves.put("Attack on Titan (2013)/Season 00/S00E01.mkv")
    shelves.put("Dark [tmdbid-70523]/Dark.S01E05.German.1080p.WEB.x264-GRP.mkv")
    shelves.put("Dark/Dark S01E01-E02.mkv")
    assert shelves.changes() == {"new": 4, "adopted": 3}
    series = Series.objects.get(key="attack-on-titan")
    facts = (series.name, series.year, series.folder, series.provider, series.loading_status, series.monitored)
    assert facts == ("Attack on Titan", 2013, "Attack on Titan (2013)", "", "completed", False)
    assert known()["Attack on Titan (2013)/Season 00/S00E01.mkv"] == "Attack on Titan S00E01"
    assert Series.objects.get(folder="Dark [tmdbid-70523]").tmdb_id == 70523
    assert sorted(Series.objects.filter(name="Dark").values_list("key", flat=True)) == ["dark", "dark-2"]
    double = Series.objects.get(folder="Dark")
    assert [episode.is_downloaded for episode in double.episodes.all()] == [True, True]
    assert double.total_episodes == 2
    assert shelves.changes() == {}
    assert Finding.objects.filter(kind="unmatched").count() == 3


def test_reserved_and_taken_keys_are_gone_round(shelves: Shelves) -> None:
    make_series(key="dark")
    for folder in ("Queue", "Dark (2017)", "Dark (2017) x", "!!!"):
        shelves.put(f"{folder}/S01E01.mkv")
    shelves.changes()
    assert set(Series.objects.filter(provider="").values_list("key", flat=True)) == {
        "queue-2",
        "dark-2017",
        "dark-2017-2",
        "series",
    }


def test_what_is_no_series_is_told_and_not_adopted(shelves: Shelves) -> None:
    shelves.put("Holidays/beach.mp4")
    shelves.put("Music/song.mp3")
    for name in ("Dark", "Babylon Berlin"):
        shelves.put(f"Crime/{name}/Season 01/{name} S01E01.mkv")
    assert shelves.changes() == {}
    assert findings() == {("unknown_folder", "Holidays"), ("unknown_folder", "Crime")}
    assert not Series.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_series_without_a_catalogue_upsets_nothing(shelves: Shelves) -> None:
    shelves.put("Dark (2017)/Dark S01E01.mkv")
    shelves.put("Dark (2017)/Dark S01E02.mkv")
    shelves.changes()
    series = Series.objects.get()
    series.episodes.filter(number=2).update(is_downloaded=False)
    api = signed_in(user())
    assert api.call("get", "/api/anime").json()["items"][0]["provider"] == ""
    assert api.call("get", "/api/anime/dark").json()["missing_episodes"] == 1
    assert api.call("get", "/api/anime/dark/matrix").status_code == 200
    why = api.call("get", "/api/anime/dark/episodes/1/2/why?dry_run=true")
    assert why.status_code == 200
    refused = api.call("post", "/api/anime/dark/download", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_catalogue")
    catalog.reload(series, ["episodes"])
    loading.load_pending()
    series.refresh_from_db()
    assert (series.loading_status, series.total_episodes) == ("completed", 2)


def test_it_finds_its_catalogue_by_itself(site: Site, shelves: Shelves) -> None:
    shelves.put("Silberfaden (2012)/Silberfaden S01E01.mkv")
    shelves.put("Nothing like it (1999)/S01E01.mkv")
    shelves.changes()
    assert linking.link_waiting() == 1
    series = Series.objects.get(folder="Silberfaden (2012)")
    assert (series.provider, series.slug, series.key) == ("demo", "silberfaden", "silberfaden")
    loading.load_pending()
    series.refresh_from_db()
    assert (series.folder, series.total_episodes) == ("Silberfaden (2012)", 13)
    assert series.episodes.get(season=1, number=1).is_downloaded
    waiting = Finding.objects.waiting().get()
    assert (waiting.path, waiting.candidates) == ("Nothing like it (1999)", [])
    assert linking.link_waiting() == 0


def test_a_low_score_waits_for_a_person(site: Site, shelves: Shelves) -> None:
    shelves.put("Silberfade (1971)/S01E01.mkv")
    (shelves.root / "Silberfade (1971)/tvshow.nfo").write_text(
        "<tvshow><title>Silberfaden</title><year>1971</year><tmdbid>77</tmdbid></tvshow>"
    )
    shelves.changes()
    assert linking.link_waiting() == 0
    finding = Finding.objects.waiting().get()
    assert finding.candidates[0]["slug"] == "silberfaden"
    assert finding.candidates[0]["score"] < candidates.SURE
    series = linking.link(finding)
    assert series.provider == "demo"
    assert not Finding.objects.waiting().exists()


def test_one_that_is_in_the_library_already_waits(site: Site, shelves: Shelves) -> None:
    catalog.add(key="silberfaden", provider="demo")
    shelves.put("Silver (2012)/S01E01.mkv")
    (shelves.root / "Silver (2012)/tvshow.nfo").write_text("<tvshow><title>Silberfaden</title></tvshow>")
    shelves.changes()
    assert linking.link_waiting() == 0
    assert linking.link(Finding.objects.waiting().get()).key == "silberfaden"
    assert Series.objects.get().provider == "demo"


def test_a_catalogue_that_does_not_answer_is_asked_later(site: Site, shelves: Shelves) -> None:
    shelves.put("Silberfaden (2012)/S01E01.mkv")
    shelves.changes()
    site.faults.set("demo", {"fault": "challenge"})
    assert linking.link_waiting() == 0
    finding = Finding.objects.get()
    assert finding.looked_at is None
    assert finding.look_again_at
    site.faults.clear()
    assert linking.link_waiting() == 0
    finding.look_again()
    assert linking.link_waiting() == 1
