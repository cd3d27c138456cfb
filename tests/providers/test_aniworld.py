"""The aniworld adapter against the demo site's pages, and its parsing against anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.catalogues import pages
from providers.catalogues.aniworld import AniworldCatalogue
from providers.catalogues.demo import DemoCatalogue
from providers.catalogues.new_episodes import new_episodes
from providers.contracts import (
    EpisodeEntry,
    EpisodeSources,
    Language,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
    Source,
)
from providers.demo.series import all_series
from providers.demo.site import Site
from providers.exceptions import AddressRefused, Blocked, NotFound, PageNotUnderstood, RateLimited
from providers.http import Client
from tests.providers.conftest import Script, Scripted, answer

Start = Callable[[Script | bytes], Scripted]


@pytest.fixture
def catalogue(site: Site, loopback: Client) -> DemoCatalogue:
    return DemoCatalogue(DemoCatalogue.usual_address(), loopback)


def test_search_finds_by_any_title(catalogue: DemoCatalogue) -> None:
    found = catalogue.search("silberfaden")
    assert [(result.slug, result.name, result.year) for result in found] == [
        ("silberfaden", "Silberfaden", 2012),
        ("silberfaden-neuauflage", "Silberfaden (Neuauflage)", 2023),
    ]
    assert found[0].link == f"{catalogue.address}/anime/stream/silberfaden"
    assert found[0].cover_url.startswith(catalogue.address)
    assert "<3" in found[0].description
    assert [result.name for result in catalogue.search("Starweaver")] == ["星を編む者"]
    assert catalogue.search("gibt es nicht") == []


@pytest.mark.parametrize("broken", [("/ajax/seriesSearch",), ("/ajax/seriesSearch", "/ajax/search")])
def test_search_goes_on_with_the_next_way(broken: tuple[str, ...], catalogue: DemoCatalogue, site: Site) -> None:
    site.faults.set("demo", [{"fault": 404, "match": path} for path in broken])
    assert [result.name for result in catalogue.search("quark & q")] == ["Quark & Quasar"]


def test_search_does_not_insist_when_asked_to_stay_away(catalogue: DemoCatalogue, site: Site) -> None:
    for fault, error in (("challenge", Blocked), ("429", RateLimited), ("login", Blocked)):
        site.faults.set("demo", {"fault": fault, "retry_after": 3})
        site.server.forget_requests()
        with pytest.raises(error):
            catalogue.search("x")
        assert len(site.requests()) == 1


@pytest.mark.parametrize("slug", list(all_series()))
def test_every_series_is_read_as_it_was_meant(slug: str, catalogue: DemoCatalogue) -> None:
    meant = all_series()[slug]
    read = catalogue.details(slug)
    assert (read.name, read.year, read.description, read.imdb_id) == (
        " ".join(meant.title.split()),
        meant.year,
        meant.description,
        meant.imdb_id,
    )
    assert read.status == ("completed" if meant.finished else "ongoing")
    assert read.alternative_titles == meant.alternative_titles
    assert set(read.genres) == set(meant.genres)
    assert [season.number for season in read.seasons] == sorted(meant.seasons)
    season = read.seasons[0]
    episodes = catalogue.episodes(season)
    assert [(one.number, one.title, one.title_alt, one.languages) for one in episodes] == [
        (one.number, one.title, one.title_alt, one.languages) for one in meant.seasons[season.number]
    ]
    assert all(one.season == season.number for one in episodes)


def test_gaps_and_films(catalogue: DemoCatalogue) -> None:
    quark = catalogue.details(f"{catalogue.address}/anime/stream/quark-quasar/staffel-1/episode-2")
    assert [season.number for season in quark.seasons] == [1, 3]
    assert [one.number for one in catalogue.episodes(quark.seasons[0])] == [1, 2, 3, 5, 6, 7, 8, 9]
    films = catalogue.details("nur-filme").seasons
    assert [season.number for season in films] == [0]
    first = catalogue.episodes(films[0])[0]
    assert (first.title, first.link) == ("", f"{catalogue.address}/anime/stream/nur-filme/filme/film-1")
    assert catalogue.sources(first.link).sources


def test_sources_are_the_authority(catalogue: DemoCatalogue) -> None:
    link = f"{catalogue.address}/anime/stream/der-leuchtturm-der-uhrmacherin/staffel-1/episode-1"
    found = catalogue.sources(link)
    assert len(found.sources) == 12
    assert {source.language for source in found.sources} == set(Language)
    assert {source.host for source in found.sources} == {"Demo File", "Demo HLS", "Demo AES"}
    assert all(source.link.startswith(f"{catalogue.address}/redirect/") for source in found.sources)
    assert catalogue.is_language(link, Language.ENGLISH_DUB)
    assert not catalogue.is_language(link.replace("episode-1", "episode-12"), Language.GERMAN_DUB)


def test_newest(catalogue: DemoCatalogue) -> None:
    found = catalogue.newest()
    assert len(found) > 20
    assert found[0].published == date.today()  # noqa: DTZ011 - as the page shows it
    assert found == sorted(found, key=lambda one: one.published or date.min, reverse=True)
    assert {one.slug for one in found} <= set(all_series())


def test_titles_and_check(catalogue: DemoCatalogue, site: Site) -> None:
    assert len(catalogue.titles()) == len(all_series())
    catalogue.check()
    site.faults.set("demo", {"fault": "challenge"})
    with pytest.raises(Blocked):
        catalogue.check()


def test_links_of_others_are_not_followed(catalogue: DemoCatalogue) -> None:
    for link in (
        "http://192.168.0.1/x",
        "http://evil.example/",
        "",
        "/x",
        "\x00",
        "a b",
        "http://[",
        "/anime/stream/a b",
    ):
        assert not catalogue.accepts(link)
        with pytest.raises(NotFound):
            catalogue.details(link)
        with pytest.raises(AddressRefused):
            catalogue.sources(link)
        with pytest.raises(AddressRefused):
            catalogue.episodes(SeasonEntry(1, link))


def test_stored_links_survive_a_move_of_the_site(catalogue: DemoCatalogue) -> None:
    old = "https://old-name.example/anime/stream/con"
    assert not catalogue.accepts(old)
    assert catalogue.details(old).link == f"{catalogue.address}/anime/stream/con"
    episode = catalogue.episodes(SeasonEntry(1, f"{old}/staffel-1"))[0]
    assert episode.link.startswith(catalogue.address)
    found = catalogue.sources(f"{old}/staffel-1/episode-1").sources
    assert all(source.link.startswith(catalogue.address) for source in found)


@pytest.mark.parametrize(
    ("link", "belongs"),
    [
        ("https://site.example/anime/stream/x", True),
        ("http://WWW.Site.example/anime/stream/x", True),
        ("https://site.example.evil/anime/stream/x", False),
        ("https://site.example", False),
        ("ftp://site.example/x", False),
        ("https://evil.example/?https://site.example/", False),
        ("https://site.example@evil.example/x", False),
        ("x", False),
    ],
)
def test_pasted_links_belong_to_their_site(link: str, belongs: bool, loopback: Client) -> None:
    assert AniworldCatalogue("https://site.example/", loopback).accepts(link) is belongs
    assert not AniworldCatalogue("", loopback).accepts(link)


def test_what_does_not_exist(catalogue: DemoCatalogue) -> None:
    with pytest.raises(NotFound):
        catalogue.details("gibt-es-nicht")
    with pytest.raises(NotFound):
        catalogue.episodes(SeasonEntry(9, f"{catalogue.address}/anime/stream/con/staffel-9"))


def test_an_unknown_series_that_leads_to_the_front_page(scripted: Start, loopback: Client) -> None:
    server = scripted(
        lambda head, to: to.sendall(
            answer(b"<html>", "200 OK") if head.startswith("GET / ") else answer(b"", "302 Found", "Location: /")
        )
    )
    with pytest.raises(NotFound):
        AniworldCatalogue(server.address, loopback).details("x")


@pytest.mark.parametrize("page", [b"", b"<html><p>Wartung</p></html>", b"\x00\xff" * 100, b"{}", b"<h1>"])
def test_other_pages_are_not_understood_and_say_what_was_expected(
    page: bytes, scripted: Start, loopback: Client
) -> None:
    catalogue = AniworldCatalogue(scripted(answer(page, "200 OK", "Content-Type: text/html")).address, loopback)
    link = f"{catalogue.address}/anime/stream/x/staffel-1"
    asks: list[tuple[Callable[[], Any], str]] = [
        (lambda: catalogue.details("x"), "series-title"),
        (lambda: catalogue.episodes(SeasonEntry(1, link)), "tbody#season1"),
        (lambda: catalogue.sources(f"{link}/episode-1"), "data-link-target"),
        (catalogue.newest, "neue-episoden"),
        (lambda: catalogue.search("x"), "data-alternative-titles"),
    ]
    for ask, expected in asks:
        with pytest.raises(PageNotUnderstood, match=expected):
            ask()


def test_a_page_with_little_in_it_is_enough() -> None:
    details = pages.series_details("<div class=series-title><h1>A &amp;amp; B</h1></div>", "http://c/x", "x")
    assert (details.name, details.year, details.status, details.seasons) == ("A & B", None, "unknown", ())
    row = "<table><tbody id=season1><tr><td><a href='/anime/stream/x/staffel-1/episode-3'>Folge</a>"
    entry = pages.season_episodes(row, SeasonEntry(1, "http://c/anime/stream/x/staffel-1"))[0]
    assert (entry.number, entry.title, entry.link) == (3, "", "http://c/anime/stream/x/staffel-1/episode-3")
    source = "<ul><li data-lang-key=1><a class=watchEpisode href=/redirect/5></a><i class='icon VOE' title=VOE></i>"
    found = pages.episode_sources(source, "http://c/a").sources
    assert [(one.host, one.link) for one in found] == [("VOE", "http://c/redirect/5")]


def test_both_search_answers_are_read() -> None:
    newer = [
        {"title": "<em>Silber</em>faden", "description": "a &amp; b", "link": "/anime/stream/silberfaden"},
        {"title": "Hilfe", "link": "/support/fragen"},
        {"title": "Staffel", "link": "/anime/stream/silberfaden/staffel-1"},
        {"title": 5, "link": None}, "text", None, {},
    ]  # fmt: skip
    found = pages.search_results(newer, "http://c", "x")
    assert [(one.name, one.slug, one.description) for one in found] == [("Silberfaden", "silberfaden", "a & b")]
    older = [{"name": "A", "link": "a", "productionYear": "(2020 - 2024)", "cover": "/c.png"}]
    assert pages.search_results(older, "http://c", "x")[0].year == 2020
    assert pages.search_results(older, "http://c", "x")[0].cover_url == "http://c/c.png"
    for other in ({}, "x", None, 5, {"error": "x"}):
        with pytest.raises(PageNotUnderstood):
            pages.search_results(other, "http://c", "x")


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    cleaned = pages.clean(text)
    assert cleaned == pages.clean(cleaned) or "&" in text
    assert not set(cleaned) & set("\x00\n\r\t\x1b")


PIECES = st.sampled_from(
    [
        "<div class=series-title>",
        "<h1 data-alternativetitles='[\"a\"'>",
        "<span>",
        "</span>",
        "</h1>",
        "</div>",
        "<tr>",
        "<tbody id=season1>",
        "<tr data-episode-id=1>",
        "<a href='/anime/stream/x/staffel-1/episode-1'>",
        "<a href='http://['>",
        "<li data-lang-key=1 data-link-target='//['>",
        "<h4>VOE</h4>",
        "<strong>",
        "<span class=listTag>S1 E1</span>",
        "&amp;lt;",
        "<img class=flag data-src='/german.svg'>",
        "<span class=elementFloatRight>31.02.2026</span>",
        "\x00",
        "</a>",
        "<table>",
        "<a href='/anime/stream/x/filme'>",
        "<meta itemprop=episodeNumber content=99999999999>",
        "<!--",
        "<script>",
        "]]>",
    ]
)


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.lists(PIECES).map("".join)))
def test_no_page_makes_the_parser_fail(text: str) -> None:
    season = SeasonEntry(1, "http://c/anime/stream/x/staffel-1")
    readers: list[Callable[[], Any]] = [
        lambda: pages.series_details(text, "http://c/anime/stream/x", "x"),
        lambda: pages.season_episodes(text, season),
        lambda: pages.episode_sources(text, "http://c/anime/stream/x/staffel-1/episode-1"),
        lambda: pages.all_titles(text, "http://c"),
        lambda: new_episodes(text, "http://c/neue-episoden"),
    ]
    for read in readers:
        with suppress(PageNotUnderstood):
            for link, numbers, texts in told_by(read()):
                assert not link or urlsplit(link).scheme in ("http", "https")
                assert all(0 <= number <= 9999 for number in numbers)
                assert all(one == " ".join(one.split()) and "\0" not in one for one in texts)


def told_by(found: Any) -> Iterator[tuple[str, tuple[int, ...], tuple[str, ...]]]:
    """The link, the numbers and the texts of everything that a reader found."""
    match found:
        case SeriesDetails():
            yield found.link, (found.year or 0,), (found.name, found.description, *found.genres)
            yield from told_by(found.seasons)
        case EpisodeSources():
            yield "", (), (found.title, found.title_alt)
            yield from told_by(found.sources)
        case SeasonEntry():
            yield found.link, (found.number,), ()
        case EpisodeEntry():
            yield found.link, (found.season, found.number), (found.title, found.title_alt)
        case Source():
            yield found.link, (), (found.host,)
        case SearchResult():
            yield found.link, (found.year or 0,), (found.name, found.description)
        case NewEpisode():
            yield "", (found.season, found.number), (found.name,)
        case str():
            yield "", (), (found,)
        case _:
            for one in found:
                yield from told_by(one)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["name", "title", "link", "cover"]) | st.text(), inner)
    ),
)


@given(JSON)
def test_no_search_answer_makes_the_reader_fail(found: Any) -> None:
    try:
        for result in pages.search_results(found, "http://c", "x"):
            assert result.link.startswith("http://c/anime/stream/")
    except PageNotUnderstood:
        assert not isinstance(found, list)
    pages.json_of(json.dumps(found)[:-1])


@given(st.text())
def test_no_query_makes_the_catalogue_fail(site: Site, loopback: Client, query: str) -> None:
    found = DemoCatalogue(site.address, loopback).search(query)
    assert {result.slug for result in found} <= set(all_series())
    assert all(result.link == f"{site.address}/anime/stream/{result.slug}" for result in found)
