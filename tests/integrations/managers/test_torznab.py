"""The indexer: what it offers of library and catalogues, for which query, and that its answer is XML whatever comes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import defusedxml.ElementTree
import pytest
from django.utils import timezone

from aniworld.accounts import tokens
from aniworld.accounts.models import User
from aniworld.configuration import store
from integrations.releases import Release, of_magnet
from integrations.torznab import lookups
from integrations.torznab.models import NEWEST, KnownSeries, Lookup
from library.models import Episode, Series
from providers.contracts import Language
from tests.integrations.managers.driving import SETTINGS, Item, caller, error_of, fewest, items_of
from tests.library.factories import make_series

pytestmark = pytest.mark.django_db

ADDRESS = "/integrations/torznab/api"
DUB, SUB, ENGLISH = "German Dub", "German Sub", "English Sub"


@pytest.fixture(autouse=True)
def _nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "PATIENCE", 0.0)
    store.change(SETTINGS)


@pytest.fixture
def key(person: User) -> str:
    return tokens.create_key(person, "prowlarr", "read")[1]


def asked(key: str, **parameters: Any) -> str:
    answer = caller().get(ADDRESS, {"apikey": key, **parameters})
    assert answer.status_code == 200
    assert "xml" in answer["Content-Type"]
    return answer.content.decode()


def found(key: str, **parameters: Any) -> list[Item]:
    return items_of(asked(key, **{"t": "tvsearch", **parameters}))


def titles(key: str, **parameters: Any) -> list[str]:
    return [item.title for item in found(key, **parameters)]


def series_of(seasons: dict[int, int], *languages: str, **values: Any) -> Series:
    """A series with so many episodes in each season, each in these languages."""
    made = make_series(**values)
    seen = dict.fromkeys(languages or (DUB,), "2026-01-01T00:00:00Z")
    Episode.objects.bulk_create(
        Episode(series=made, season=season, number=number, languages=seen)
        for season, count in seasons.items()
        for number in range(1, count + 1)
    )
    return made


# Who may ask


def test_it_is_off_until_it_is_switched_on(key: str) -> None:
    store.change({"integrations": {"torznab_enabled": False}})
    answer = caller().get(ADDRESS, {"apikey": key, "t": "caps"})
    assert answer.status_code == 404
    assert error_of(answer.content.decode())[0] == 202


@pytest.mark.parametrize("wrong", ["", "wrong", "awk_" + "x" * 43, "x" * 5000, "\0", "ä"])
def test_nobody_is_answered_without_a_key(key: str, wrong: str) -> None:
    for parameters in ({"t": "caps"}, {"t": "search"}, {}):
        code, text = error_of(asked(wrong, **parameters))
        assert 100 <= code <= 199
        assert "key" in text


def test_a_key_counts_wherever_it_stands(key: str) -> None:
    for headers in ({"X-Api-Key": key}, {"Authorization": f"Bearer {key}"}):
        assert b"<caps>" in caller().get(ADDRESS, {"t": "caps"}, headers=headers).content


def test_a_browser_s_session_is_no_key(person: User) -> None:
    page = caller()
    page.force_login(person)
    assert error_of(page.get(ADDRESS, {"t": "caps"}).content.decode())[0] == 100


# What it can do


def test_the_capabilities_are_those_that_managers_look_for(key: str) -> None:
    root = defusedxml.ElementTree.fromstring(asked(key, t="caps"))
    limits = root.find("limits")
    assert limits is not None
    assert limits.attrib == {"max": "100", "default": "100"}
    for name in ("search", "tv-search"):
        kind = root.find(f"searching/{name}")
        assert kind is not None
        assert kind.attrib["available"] == "yes"
        assert set(kind.attrib["supportedParams"].split(",")) == {"q", "season", "ep", "tvdbid", "tmdbid", "imdbid"}
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    assert ids == {"2000", "5000", "5030", "5040", "5070"}


# What it finds


def test_an_episode_is_offered_once_for_each_language_that_there_is(key: str) -> None:
    series_of({1: 2}, DUB, SUB, name="Größenwahn & Übermut", tvdb_id=77, imdb_id="tt0000123")
    offered = found(key, q="Grossenwahn and Ubermut", season="01", ep="02", cat="5030,5040")
    assert [item.title for item in offered] == [
        "Größenwahn.Übermut.S01E02.German.Dub.1080p.WEB.H264-ANIWORLD",
        "Größenwahn.Übermut.S01E02.Japanese.GerSub.1080p.WEB.H264-ANIWORLD",
    ]
    values = offered[0].attributes
    assert (values["language"], values["tvdbid"], values["imdb"]) == ("German", "77", "0000123")
    assert (values["downloadvolumefactor"], values["uploadvolumefactor"]) == ("0", "1")
    assert int(values["seeders"]) > int(offered[1].attributes["seeders"])
    assert offered[1].attributes["language"] == "Japanese"
    for item in offered:
        release = of_magnet(item.magnet)
        assert (release.info_hash, release.season, release.episode) == (item.info_hash, 1, 2)
        assert f"btih:{item.info_hash}" in item.magnet
        assert all(part.count("=") == 1 for part in item.magnet.partition("?")[2].split("&"))
        assert item.size > 0


@pytest.mark.parametrize("wanted", [{"tvdbid": 77}, {"tmdbid": 88}, {"imdbid": "tt0000099"}, {"imdbid": "99"}])
def test_numbers_find_a_series_whatever_it_is_called(key: str, wanted: dict[str, Any]) -> None:
    series_of({1: 1}, name="One", tvdb_id=77, tmdb_id=88, imdb_id="tt0000099")
    series_of({1: 1}, name="Other")
    assert titles(key, season=1, ep=1, **wanted) == ["One.S01E01.German.Dub.1080p.WEB.H264-ANIWORLD"]


def test_specials_come_as_season_00_under_the_number_that_names_have(key: str) -> None:
    made = series_of({0: 2, 1: 2}, name="Title")
    Episode.objects.filter(series=made, season=0, number=2).update(special_number=5)
    assert titles(key, q="Title", season="00", ep="05") == ["Title.S00E05.German.Dub.1080p.WEB.H264-ANIWORLD"]
    assert len(titles(key, q="Title", season="00")) == 2
    assert {item.title.split(".")[1] for item in found(key, q="Title", cat="2000")} == {"S00E05", "S00E01"}
    assert titles(key, q="Title", cat="3000") == []


@pytest.mark.parametrize(
    ("seasons", "number", "code"),
    [({1: 26, 2: 12}, 27, "S02E01"), ({1: 26, 2: 12}, 38, "S02E12"), ({1: 26, 2: 12}, 5, "S01E05"), ({1: 3}, 4, "")],
)
def test_absolute_numbers_are_counted_over_the_seasons(
    key: str, seasons: dict[int, int], number: int, code: str
) -> None:
    series_of({0: 3, **seasons}, name="Title", tvdb_id=77)
    for query in (
        {"q": f"Title {number:02d}"},
        {"q": f"{number:02d}", "tvdbid": 77},
        {"q": f"Title {number}", "tvdbid": 77},
    ):
        expected = [f"Title.{code}.German.Dub.1080p.WEB.H264-ANIWORLD"] if code else []
        assert titles(key, t="search", cat="5070", **query) == expected


def test_a_catalogue_that_counts_on_itself_is_taken_at_its_word(key: str) -> None:
    made = series_of({1: 3}, name="Title")
    Episode.objects.bulk_create(Episode(series=made, season=2, number=n, languages={DUB: "x"}) for n in (4, 5))
    assert titles(key, q="Title 5") == ["Title.S02E05.German.Dub.1080p.WEB.H264-ANIWORLD"]


def test_a_title_may_end_with_a_number(key: str) -> None:
    series_of({1: 2}, name="Area 88")
    assert {title.split(".S01")[0] for title in titles(key, q="Area 88")} == {"Area.88"}
    assert titles(key, q="Area 88 02") == ["Area.88.S01E02.German.Dub.1080p.WEB.H264-ANIWORLD"]
    assert titles(key, q="Area 88 S01E02") == titles(key, q="Area 88 02")


def test_a_whole_season_is_a_pack_in_languages_that_all_of_it_has(key: str) -> None:
    made = series_of({1: 3}, DUB, SUB, name="Title")
    Episode.objects.filter(series=made, number=3).update(languages={SUB: "x"})
    packs = [title for title in titles(key, q="Title", season=1) if ".S01." in title]
    assert packs == ["Title.S01.Japanese.GerSub.1080p.WEB.H264-ANIWORLD"]
    assert [title for title in titles(key, q="Title", season=1, ep=1) if ".S01." in title] == []


def test_only_planned_languages_where_that_is_wished(key: str) -> None:
    series_of(
        {1: 1}, DUB, ENGLISH, name="Title", language_plan={"order": [ENGLISH], "fallback": True, "upgrade": False}
    )
    assert len(titles(key, q="Title")) == 2
    store.change({"integrations": {"torznab_only_planned": True}})
    assert titles(key, q="Title") == ["Title.S01E01.Japanese.EngSub.1080p.WEB.H264-ANIWORLD"]


def test_a_file_that_is_here_tells_its_size_and_quality(key: str) -> None:
    made = series_of({1: 2}, name="Title")
    first = made.episodes.get(number=1)
    first.record_file(DUB, "a.mp4", size=1234, duration=60, mtime=1, quality="720p")
    by_title = {item.title: item.size for item in found(key, q="Title", season=1)}
    assert by_title["Title.S01E01.German.Dub.720p.WEB.H264-ANIWORLD"] == 1234
    assert by_title["Title.S01E02.German.Dub.720p.WEB.H264-ANIWORLD"] == 1234


def test_a_title_of_its_own_country_is_what_the_release_is_called(key: str) -> None:
    series_of({1: 1}, name="Silberfaden", alternative_titles=["Silver Thread"])
    assert titles(key, q="Silver Thread") == ["Silver.Thread.S01E01.German.Dub.1080p.WEB.H264-ANIWORLD"]


# What is new


def test_without_a_criterion_come_the_newest_first_from_library_and_catalogue(key: str, person: User) -> None:
    made = series_of({1: 3}, name="Here")
    for number in (1, 2, 3):
        day = date(2026, 1, number)
        Episode.objects.filter(series=made, number=number).update(aired_on=day)
    row = ["demo", "there", 2, 9, SUB, "There", "2026-01-02T12:00:00+00:00"]
    Lookup.objects.create(query=NEWEST, found=[row], asked_at=timezone.now(), done_at=timezone.now())
    listed = [item.title.split("-")[0].split(".1080p")[0] for item in found(key, t="search", cat="5030,5070")]
    assert listed == [
        "Here.S01E03.German.Dub", "There.S02E09.Japanese.GerSub", "Here.S01E02.German.Dub", "Here.S01E01.German.Dub",
    ]  # fmt: skip


def test_pages_follow_one_another_and_hold_a_hundred_at_most(key: str) -> None:
    series_of({1: 150}, name="Title")
    first, second = found(key, q="Title", limit=500), found(key, q="Title", offset=100, limit=100)
    assert (len(first), len(second)) == (100, 51)
    assert not {item.info_hash for item in first} & {item.info_hash for item in second}
    assert found(key, q="Title", limit=0) == []


def test_a_search_costs_the_same_however_much_there_is(key: str) -> None:
    series_of({1: 2}, name="Title one")
    # What nobody has looked for before is noted down once.
    found(key, q="Title")
    few = fewest(lambda: found(key, q="Title"))
    for number in range(8):
        series_of({1: 20, 2: 20}, name=f"Title {number} x")
    assert fewest(lambda: found(key, q="Title")) == few


# Series that are not in the library


def test_what_is_known_of_a_catalogue_is_offered_until_it_is_in_the_library(key: str) -> None:
    KnownSeries.objects.create(
        provider="demo", slug="thread", name="Silberfaden", alternative_titles=["Silver Thread"], imdb_id="tt0000042",
        episodes=[[1, 1, "", [DUB]], [1, 2, "", []]], read_at=timezone.now(),
    )  # fmt: skip
    for query in ({"q": "silver thread", "season": 1}, {"imdbid": 42}):
        assert [of_magnet(item.magnet).key for item in found(key, **query)] == ["thread"]
    series_of({1: 1}, SUB, provider="demo", slug="thread", name="Silberfaden")
    assert titles(key, q="Silberfaden") == ["Silberfaden.S01E01.Japanese.GerSub.1080p.WEB.H264-ANIWORLD"]


def test_an_unknown_title_is_looked_for_behind_the_answer(key: str, person: User) -> None:
    assert found(key, q="Nobody knows it 07") == []
    [row] = Lookup.objects.exclude(query=NEWEST)
    assert (row.query, row.done_at) == ("nobody knows it", None)
    assert Lookup.objects.due(timezone.now()).count() == 1
    held = Lookup.objects.claim_next()
    assert held
    assert Lookup.objects.claim_next() is None
    assert held.end([["demo", "x"]])
    assert not held.end([])
    found(key, q="Nobody knows it")
    assert Lookup.objects.due(timezone.now()).count() == 0
    Lookup.objects.update(asked_at=timezone.now() - timedelta(hours=2), done_at=timezone.now() - timedelta(hours=1))
    found(key, q="Nobody knows it")
    assert Lookup.objects.due(timezone.now()).count() == 1


def test_whoever_asks_for_too_much_is_told_so(key: str) -> None:
    answers = [asked(key, t="search", q=f"unknown title {letter}") for letter in "abcdefghijklmnopqrstuvwxyzäöüßéè"]
    assert error_of(answers[-1]) == (500, "Request limit reached")
    assert items_of(answers[0]) == []


# Whatever comes

HOSTILE = [
    {"t": "nothing"}, {"t": ""}, {"t": "caps\0"}, {"t": "search", "limit": "ten"}, {"t": "search", "offset": "-1"},
    {"t": "tvsearch", "season": "one"}, {"t": "tvsearch", "season": "9" * 400}, {"t": "tvsearch", "ep": "x"},
    {"t": "tvsearch", "tvdbid": "0x1"}, {"t": "search", "imdbid": "tt"}, {"t": "search", "imdbid": "tt٣"},
    {"t": "search", "cat": ",,;drop"}, {"t": "search", "q": "\0\ud83d"}, {"t": "search", "q": "%" * 5000},
    {"t": "search", "q": "\u202e\ufffe<&>\"'"}, {"t": "tvsearch", "season": "2024", "ep": "01/05"},
    {"t": "search", "q": "1" * 150}, {"t": "search", "q": "S99999999E1"}, {"t": "search", "q": "0" * 40},
]  # fmt: skip


@pytest.mark.parametrize("parameters", HOSTILE, ids=str)
def test_every_answer_is_xml(key: str, parameters: dict[str, str]) -> None:
    sent = {name: value.encode("utf-8", "surrogatepass") for name, value in parameters.items()}
    root = defusedxml.ElementTree.fromstring(asked(key, **sent))
    assert root.tag in ("rss", "error")


def test_text_that_xml_forbids_is_left_out(key: str) -> None:
    series_of({1: 1}, name="A\x08<b>&\ufffe\U0001f600]]>Z")
    [item] = found(key, q="a b z")
    assert item.title.startswith("A.b.Z.S01E01")
    assert "\x08" not in item.magnet


def test_nothing_but_get_is_understood(key: str) -> None:
    for method in ("post", "put", "delete"):
        answer: Any = getattr(caller(), method)(f"{ADDRESS}?t=caps&apikey={key}")
        assert answer.status_code == 405
        assert error_of(answer.content.decode())


def test_no_address_of_a_host_or_catalogue_is_told(key: str) -> None:
    made = series_of({1: 1}, name="Title", site="https://catalogue.example/stream/title")
    made.episodes.update(link="https://catalogue.example/stream/title/1")
    assert "catalogue.example" not in asked(key, t="search", q="Title")


def test_an_error_of_the_product_is_xml_as_well(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr("integrations.torznab.answering.answer", fails)
    code, text = error_of(asked(key, t="search"))
    assert (code, "it broke" in text) == (900, False)


# Releases


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("episode", [None, 7])
def test_a_magnet_brings_back_what_it_stands_for(language: Language, episode: int | None) -> None:
    release = Release("demo", "größe-&-x", 2, episode, language, "A = B & C's", "720p", None)
    assert of_magnet(release.magnet(1234)) == release


def test_items_are_dated_in_the_past(key: str) -> None:
    made = series_of({1: 1}, name="Title")
    Episode.objects.filter(series=made).update(created_at=datetime(2999, 1, 1, tzinfo=UTC))
    [item] = found(key, q="Title")
    assert "2999" not in item.published
