"""Films and specials: what is proposed, what a person says, and that every name follows it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from aniworld.audit.models import Change
from downloads import renames
from library import scanning
from library.episodes import write_episodes
from library.metadata import specials
from library.metadata.special_matching import Film, Special, propose
from library.models import AnnouncedEpisode, Episode, EpisodeFile, Scan, Series
from library.naming import episode_path
from providers.contracts import EpisodeEntry
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_series
from tests.library.metadata.conftest import load
from tests.library.metadata.tmdb_server import TmdbServer, episode

pytestmark = pytest.mark.django_db

PATH = "/api/anime/show/specials"
LISTED = ("Ilse's Notebook", "A Sudden Visitor", "Distress", "Crimson Bow and Arrow", "Wings of Freedom")


@pytest.mark.parametrize(
    ("film", "expected", "is_sure"),
    [
        ("Crimson Bow and Arrow", 4, True),
        ("Attack on Titan: Wings of Freedom", 5, True),
        ("The Movie: Crimson Bow & Arrow", 4, True),
        ("ILSE’S NOTEBOOK", 1, True),
        ("Distresed", 3, False),
        ("Something else entirely", None, False),
        ("", None, False),
    ],
)
def test_titles_say_which_special_it_is(film: str, expected: int | None, is_sure: bool) -> None:
    listed = [Special(number, title) for number, title in enumerate(LISTED, start=1)]
    found = propose([Film(1, (film, ""))], listed, ["Attack on Titan"])
    assert (found[1].special.number if found else None) == expected
    assert bool(found and found[1].is_sure) == is_sure


def test_counted_titles_are_not_taken_for_one_another() -> None:
    listed = [Special(3, "Movie 1: Part Two"), Special(7, "Film 2"), Special(8, "The Stage III")]
    found = propose([Film(1, ("Film 1",)), Film(2, ("The Stage II",))], listed, ["Show"])
    assert not any(match.is_sure for match in found.values())


def test_a_rival_makes_doubtful_whichever_side_it_is_on() -> None:
    films = [Film(1, ("The Lost Island",)), Film(2, ("Another Story",))]
    listed = [Special(1, "The Lost Island"), Special(2, "The Lost Island"), Special(3, "Another Story")]
    found = propose(films, listed, [])
    assert (found[1].special.number, found[1].is_sure) == (1, False)
    assert (found[2].special.number, found[2].is_sure) == (3, True)


def test_very_many_and_very_long_titles_are_compared_in_time() -> None:
    """A catalogue may list anything. Within seconds is meant; compared letter by letter it would be many minutes."""
    films = [Film(number, (f"{'ab' * 100} {number}", "ba" * 250)) for number in range(300)]
    listed = [Special(number, f"{'ba' * 100} {number}") for number in range(400)]
    began = time.monotonic()
    propose([*films, Film(1000, ("The Lost Island",))], [*listed, Special(1000, "The Lost Island")], [])
    assert time.monotonic() - began < 20


def test_titles_are_compared_before_the_database_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_series(key="show", provider="demo")
    Episode.objects.create(series=made, season=0, number=1, link="/f", title="The Lost Island")
    AnnouncedEpisode.objects.create(series=made, season=0, number=4, title="The Lost Island")
    depths = []

    def watching(*given: Any) -> Any:
        depths.append(len(connection.savepoint_ids))
        return propose(*given)

    monkeypatch.setattr(specials, "propose", watching)
    specials.settle(made)
    specials.choose(made, {1: 3}, by="admin", via="api")
    # The test itself runs in one transaction; each further one would be a savepoint.
    assert depths == [0, 0]
    assert Episode.objects.get().special_number == 3


def test_no_special_is_proposed_for_two_films() -> None:
    listed = [Special(2, "The Lost Island")]
    found = propose([Film(1, ("The Lost Island",)), Film(2, ("The Lost Island",))], listed, [])
    assert list(found) == [1] or list(found) == [2]
    assert not next(iter(found.values())).is_sure


@pytest.fixture
def series(library: Path) -> Series:
    """With four films, of which TMDB knows two by their titles."""
    made = make_series(key="show", name="Show", folder="Show (2013)", year=2013, episodes_loaded=True)
    titles = ("Crimson Bow and Arrow", "Unknown film", "Wings of Freedom", "Another unknown film")
    for number, title in enumerate(titles, start=1):
        Episode.objects.create(series=made, season=0, number=number, link="x", title=title)
    for number, title in enumerate(LISTED, start=1):
        AnnouncedEpisode.objects.create(series=made, season=0, number=number, title=title)
    specials.settle(made)
    return made


@pytest.fixture
def api(db: None) -> Api:
    return signed_in(user())


def shown(api: Api, body: Any = None, status: int = 200) -> Any:
    answer = api.call("get" if body is None else "post", PATH, body)
    assert answer.status_code == status, answer.content
    return answer.json()


def in_force(answer: Any) -> dict[int, int]:
    return {one["film"]: one["in_force"] for one in answer["specials"]}


def named(series: Series, number: int) -> str:
    film = series.episodes.get(season=0, number=number)
    return episode_path(series, film, "German Dub").name


def test_what_is_sure_is_in_force_and_the_rest_is_the_catalogue_s(series: Series, api: Api) -> None:
    answer = shown(api)
    assert (answer["key"], answer["metadata"]) == ("show", True)
    first, second = answer["specials"][:2]
    assert (first["film"], first["title"], first["proposed"], first["proposed_title"]) == (
        *(1, "Crimson Bow and Arrow"),
        *(4, "Crimson Bow and Arrow"),
    )
    assert (first["confidence"], first["override"], first["in_force"]) == (1.0, None, 4)
    assert (second["proposed"], second["confidence"], second["in_force"]) == (None, 0.0, 2)
    # The fourth gives way to the first, and gets a number that nothing else is meant by.
    assert in_force(answer) == {1: 4, 2: 2, 3: 5, 4: 6}
    assert named(series, 1) == "Show - S00E04 - (German Dub).mp4"


def test_a_choice_is_in_force_and_stays(series: Series, api: Api, library: Path) -> None:
    answer = shown(api, {"2": 3, "4": 2})
    assert in_force(answer) == {1: 4, 2: 3, 3: 5, 4: 2}
    assert {one["film"]: one["override"] for one in answer["specials"]} == {1: None, 2: 3, 3: None, 4: 2}
    write_episodes(
        series, [EpisodeEntry(0, number, "x", f"Film {number}") for number in (1, 2, 3, 4, 5)], lambda **_: None
    )
    (library / "Other").mkdir()
    scan = Scan.objects.begin([], key="")
    scanning.work(scan)
    load(Series.objects.get(pk=series.pk))
    after = in_force(shown(api))
    assert (after[2], after[4]) == (3, 2)
    assert len(set(after.values())) == len(after) == 5
    change = Change.objects.get(action="chose specials")
    assert (change.by, change.via, change.changes) == ("admin", "api", {"S00E02": [None, 3], "S00E04": [None, 2]})
    assert in_force(shown(api, {"2": None}))[2] == 2 or in_force(shown(api))[2] not in (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"9": 1, "x": 2, "1": -1}, {"x"}),
        ({"9": 1, "1": -1, "2": 10_000}, {"9", "1", "2"}),
        ({"1": 7, "2": 7}, {"1", "2"}),
        ({"1": "4", "2": True, "3": 1.5}, {"1", "2", "3"}),
        ({"\ud800": 1}, {"\\ud800"}),
    ],
)
def test_wrong_choices_are_all_told_and_nothing_is_kept(
    series: Series, api: Api, body: dict[str, Any], wrong: set[str]
) -> None:
    before = shown(api)
    errors = shown(api, body, 422)["detail"]
    assert {error["loc"][-1] for error in errors} == wrong
    assert all(error["loc"][0] == "body" and error["msg"] for error in errors)
    assert shown(api) == before


def test_a_special_is_one_film_s_also_over_two_requests(series: Series, api: Api) -> None:
    shown(api, {"1": 9})
    assert "already" in shown(api, {"2": 9}, 422)["detail"][0]["msg"]
    assert in_force(shown(api, {"1": None, "2": 9})) == {1: 4, 2: 9, 3: 5, 4: 10}


@pytest.mark.parametrize("body", [[], '"x"', 3, {str(number): 1 for number in range(1001)}])
def test_what_is_no_choice_is_refused(series: Series, api: Api, body: Any) -> None:
    answer = api.post(PATH, data=body, content_type="application/json", headers=api.credentials)
    assert answer.status_code == 422


def test_only_administrators(series: Series) -> None:
    member = signed_in(user("member", staff=False))
    assert member.call("get", PATH).status_code == 403
    assert member.call("post", PATH, {"1": 2}).status_code == 403
    assert Api().call("get", PATH).status_code == 401


def put(library: Path, path: str) -> None:
    file = library / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\x1a\x45\xdf\xa3" + path.encode())


def rows() -> dict[str, str]:
    return {file.path.rpartition("/")[2]: file.episode.title for file in EpisodeFile.objects.select_related("episode")}


def test_a_scan_knows_films_under_either_number(series: Series, library: Path) -> None:
    put(library, "Show (2013)/Season 00/S00E04.mkv")
    put(library, "Show (2013)/Season 00/S00E02.mkv")
    put(library, "Show (2013)/Season 00/S00E03.mkv")
    scanning.work(Scan.objects.begin([], key=""))
    assert rows() == {
        "S00E04.mkv": "Crimson Bow and Arrow",
        "S00E02.mkv": "Unknown film",
        "S00E03.mkv": "Wings of Freedom",
    }
    assert series.episodes.filter(season=0).count() == 4


def test_a_special_that_only_its_file_told_of_becomes_the_film(series: Series, library: Path, api: Api) -> None:
    put(library, "Show (2013)/Season 00/S00E12.mkv")
    scanning.work(Scan.objects.begin([], key=""))
    assert series.episodes.get(season=0, number=12).is_downloaded
    shown(api, {"2": 12})
    film = series.episodes.get(season=0, number=2)
    assert (film.is_downloaded, film.files.count()) == (True, 1)
    assert not series.episodes.filter(season=0, number=12, is_downloaded=True).exists()


def test_files_are_renamed_only_when_asked(series: Series, library: Path, api: Api) -> None:
    put(library, "Show (2013)/Season 00/Show - S00E02 - (German Dub).mkv")
    scanning.work(Scan.objects.begin([], key=""))
    shown(api, {"2": 3})
    assert list(rows()) == ["Show - S00E02 - (German Dub).mkv"]
    preview = renames.rename(series, apply=False)["moves"]
    assert [move["new"] for move in preview] == ["Show (2013)/Season 00/Show - S00E03 - (German Dub).mkv"]
    renames.rename(series, apply=True)
    scanning.work(Scan.objects.begin([], key=""))
    assert rows() == {"Show - S00E03 - (German Dub).mkv": "Unknown film"}


def test_the_nfo_has_the_title_and_number_of_the_special(
    tmdb: TmdbServer, key: str, series: Series, library: Path
) -> None:
    tmdb.add(77, "Show", 2013)
    tmdb.seasons[77, 0] = [episode(number, name=title) for number, title in enumerate(LISTED, start=1)]
    put(library, "Show (2013)/Season 00/Show - S00E04 - (German Dub).mkv")
    scanning.work(Scan.objects.begin([], key=""))
    load(series)
    text = (library / "Show (2013)/Season 00/Show - S00E04 - (German Dub).nfo").read_text()
    assert "<title>Crimson Bow and Arrow</title>" in text
    assert "<episode>4</episode>" in text
    assert "<aired>2021-04-04</aired>" in text
    # Not by the same number, which means another one there.
    assert series.episodes.get(season=0, number=2).title == "Unknown film"


def test_the_page_keeps_choices_and_tells_each_mistake(series: Series) -> None:
    browser = Client()
    browser.force_login(user("browser"))
    address = "/anime/show/specials"
    page = browser.get(address).content.decode()
    assert "Crimson Bow and Arrow" in page
    refused = browser.post(address, {"film-1": "x", "film-2": "7", "film-3": "7"})
    assert refused.status_code == 422
    assert refused.content.decode().count('aria-invalid="true"') == 1
    assert browser.post(address, {"film-2": "7", "film-3": "7"}).content.decode().count('aria-invalid="true"') == 2
    assert browser.post(address, {"film-1": "", "film-2": " 7 ", "film-3": ""}).status_code == 302
    assert series.episodes.get(season=0, number=2).special_choice == 7
    member = Client()
    member.force_login(user("member", staff=False))
    assert member.get(address).status_code == 403
