"""NFO files: what Kodi and Jellyfin document, from any text, and what is understood of other people's."""

from __future__ import annotations

import json
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.metadata import nfo
from library.metadata.nfo import EpisodeDetails, TvShow, clean
from library.metadata.records import Actor, Ids

anything = st.text(alphabet=st.characters(), max_size=200)

SHOW = TvShow(
    title="Der Leuchtturm",
    ids=Ids(77, 577, "tt0000077"),
    original_title="灯台",
    plot="Erste Zeile\nzweite & letzte <Zeile>",
    premiered=date(2021, 4, 3),
    is_over=False,
    genres=("Animation", "Drama"),
    studios=("Tokyo MX",),
    certification="DE-12",
    rating=8.44,
    votes=1234,
    actors=(Actor("Maaya Uchida", "Ilse", "https://pictures/maaya.jpg"),),
    seasons={1: "Staffel 1"},
    logo_address="https://pictures/logo.png",
)


def test_a_tvshow_as_kodi_and_jellyfin_document_it() -> None:
    content = nfo.tvshow(SHOW)
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n')
    root = ElementTree.fromstring(content)
    assert root.tag == "tvshow"
    assert [(node.tag, node.text) for node in root if not len(node) and not node.attrib] == [
        ("title", "Der Leuchtturm"),
        ("originaltitle", "灯台"),
        ("plot", "Erste Zeile\nzweite & letzte <Zeile>"),
        ("premiered", "2021-04-03"),
        ("year", "2021"),
        ("status", "Continuing"),
        ("mpaa", "DE-12"),
        ("genre", "Animation"),
        ("genre", "Drama"),
        ("studio", "Tokyo MX"),
        ("episodeguide", '{"tmdb": "77", "tvdb": "577", "imdb": "tt0000077"}'),
    ]
    assert [(node.attrib, node.text) for node in root.findall("uniqueid")] == [
        ({"type": "tmdb", "default": "true"}, "77"),
        ({"type": "tvdb"}, "577"),
        ({"type": "imdb"}, "tt0000077"),
    ]
    rating = root.find("ratings/rating")
    assert rating is not None
    assert rating.attrib == {"name": "themoviedb", "max": "10", "default": "true"}
    assert (rating.findtext("value"), rating.findtext("votes")) == ("8.4", "1234")
    assert [(node.get("number"), node.text) for node in root.findall("namedseason")] == [("1", "Staffel 1")]
    assert [(node.get("aspect"), node.text) for node in root.findall("thumb")] == [
        ("clearlogo", "https://pictures/logo.png")
    ]
    actor = root.find("actor")
    assert actor is not None
    assert [(node.tag, node.text) for node in actor] == [
        ("name", "Maaya Uchida"),
        ("role", "Ilse"),
        ("order", "0"),
        ("thumb", "https://pictures/maaya.jpg"),
    ]


def test_an_episode_as_kodi_and_jellyfin_document_it() -> None:
    details = EpisodeDetails("Der Anfang", "Der Leuchtturm", 0, 3, "Es beginnt.", date(2021, 4, 3), 24, 9003)
    root = ElementTree.fromstring(nfo.episode(details))
    assert root.tag == "episodedetails"
    assert [(node.tag, node.attrib, node.text) for node in root] == [
        ("title", {}, "Der Anfang"),
        ("showtitle", {}, "Der Leuchtturm"),
        ("season", {}, "0"),
        ("episode", {}, "3"),
        ("plot", {}, "Es beginnt."),
        ("aired", {}, "2021-04-03"),
        ("runtime", {}, "24"),
        ("uniqueid", {"type": "tmdb", "default": "true"}, "9003"),
    ]
    bare = ElementTree.fromstring(nfo.episode(EpisodeDetails("", "Der Leuchtturm", 1, 3)))
    assert [(node.tag, node.text) for node in bare] == [
        ("title", "Episode 3"),
        ("showtitle", "Der Leuchtturm"),
        ("season", "1"),
        ("episode", "3"),
    ]


@given(anything, anything)
def test_any_text_is_valid_xml_and_comes_back(title: str, plot: str) -> None:
    content = nfo.tvshow(TvShow(title="x" + title, plot=plot, genres=(title,)))
    root = ElementTree.fromstring(content)
    assert root.findtext("title") == clean("x" + title).strip()
    assert (root.findtext("plot") or "") == clean(plot).strip()
    assert len(content.decode("utf-8")) < nfo.LIMIT
    assert nfo.is_ours(content)
    episode = ElementTree.fromstring(nfo.episode(EpisodeDetails("x" + title, title, 1, 1, plot)))
    assert episode.findtext("title") == clean("x" + title).strip()


@given(anything)
def test_what_may_stand_in_xml_is_kept(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    ElementTree.fromstring(f"<a>{clean(text).replace('&', '').replace('<', '').replace(']]>', '')}</a>")


@given(st.binary(max_size=300))
def test_nothing_that_others_wrote_makes_reading_fail(content: bytes) -> None:
    nfo.read(content)
    nfo.read(b"<tvshow>" + content + b"</tvshow>")
    assert not nfo.is_ours(content)


def test_a_change_by_hand_makes_it_somebody_else_s() -> None:
    content = nfo.tvshow(SHOW)
    assert nfo.is_ours(content)
    assert not nfo.is_ours(content.replace(b"Animation", b"Anime"))
    assert not nfo.is_ours(content + b"\n")
    assert not nfo.is_ours(content.replace(b"<!-- Aniworld", b"<!-- Another"))
    assert nfo.read(content) == nfo.Read(Ids(77, 577, "tt0000077"), "Der Leuchtturm", 2021)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('<tvshow><uniqueid type="tmdb" default="true">1429</uniqueid></tvshow>', Ids(tmdb=1429)),
        ('<tvshow><uniqueid type="TVDB"> 267440 </uniqueid></tvshow>', Ids(tvdb=267440)),
        ("<tvshow><tmdbid>1429</tmdbid><imdb_id>tt2560140</imdb_id></tvshow>", Ids(tmdb=1429, imdb="tt2560140")),
        ("<tvshow><id>tt2560140</id></tvshow>", Ids(imdb="tt2560140")),
        ("https://www.themoviedb.org/tv/1429-attack-on-titan", Ids(tmdb=1429)),
        ("https://thetvdb.com/?tab=series&id=267440&lid=14", Ids(tvdb=267440)),
        ("<tvshow><title>x</title></tvshow>\nhttps://www.imdb.com/title/tt2560140/", Ids(imdb="tt2560140")),
        ("<tvshow><uniqueid type='tmdb'>-1</uniqueid><tvdbid>99999999999</tvdbid></tvshow>", Ids()),
        ("<tvshow><uniqueid type='tmdb'>²</uniqueid></tvshow>", Ids()),
        ("<movie><tmdbid>1</tmdbid></movie>", Ids()),
        ("\ufeff<tvshow><tmdbid>7</tmdbid></tvshow>", Ids(tmdb=7)),
        ("", Ids()),
    ],
)
def test_ids_are_found_as_others_write_them(text: str, ids: Ids) -> None:
    assert nfo.read(text.encode()).ids == ids


def test_hostile_xml_is_not_followed() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><tvshow><title>&y;</title></tvshow>'
    secret = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><tvshow><title>&x;</title></tvshow>'
    for text in (bomb, secret):
        assert nfo.read(text.encode()) == nfo.Read()
    assert nfo.read(b"<tvshow><tmdbid>1</tmdbid>" + b" " * nfo.LIMIT + b"</tvshow>") == nfo.Read()


def test_the_guide_is_json() -> None:
    root = ElementTree.fromstring(nfo.tvshow(TvShow(title="x", ids=Ids(tvdb=5))))
    assert json.loads(root.findtext("episodeguide") or "") == {"tvdb": "5"}
    assert ElementTree.fromstring(nfo.tvshow(TvShow(title="x"))).find("episodeguide") is None
