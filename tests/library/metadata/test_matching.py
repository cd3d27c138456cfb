"""How much two series look like the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.metadata.matching import GOOD_ENOUGH, plain, rank, score, searchable, surest
from library.metadata.records import Candidate

years = st.one_of(st.none(), st.integers(1900, 2100))
titles = st.lists(st.text(max_size=60), min_size=1, max_size=4)


def one(name: str, year: int | None = None, number: int = 1, **values: object) -> Candidate:
    return Candidate(number, name, year=year, **values)  # type: ignore[arg-type]  # names and values as given


SAME = [
    ("Attack on Titan", 2013, one("Attack on Titan", 2013)),
    ("HUNTER×HUNTER", 2011, one("Hunter x Hunter", 2011)),
    ("Tom &amp; Jerry", 1940, one("Tom and Jerry", 1940)),
    ("Steins;Gate", 2011, one("Steins Gate", 2011)),
    ("Pokémon", 1997, one("Pokemon", 1997)),
    ("Yu-Gi-Oh!", 2000, one("Yu Gi Oh", 2000)),
    ("JoJo's Bizarre Adventure", 2012, one("JoJo’s Bizarre Adventure (2012)", 2012)),
    ("Kaguya-sama: Love Is War Season 2", 2020, one("Kaguya-sama: Love is War", 2019)),
    ("Overlord II Staffel 2", None, one("Overlord II", None)),
    ("Fruits Basket (TV)", 2019, one("Fruits Basket", 2019)),
    ("Demon Slayer: Kimetsu no Yaiba", 2019, one("Demon Slayer", 2019)),
    ("Re:Zero", 2016, one("Re:ZERO -Starting Life in Another World-", 2016)),
    ("Shingeki no Kyojin", 2013, one("Attack on Titan", 2013, titles=("進撃の巨人", "Shingeki no Kyojin"))),
    ("進撃の巨人", 2013, one("Attack on Titan", 2013, original_name="進撃の巨人")),
    ("Full Metal Alchemist", 2003, one("Fullmetal Alchemist", 2003)),
    ("Kimi ni Todoke", None, one("Kimi ni Todoke", 2009)),
]
OTHERS = [
    ("Naruto", 2002, one("Naruto Shippuden", 2007)),
    ("Naruto", None, one("Boruto", None)),
    ("Hunter x Hunter", 2011, one("Hunter x Hunter", 1999)),
    ("Fullmetal Alchemist", 2003, one("Fullmetal Alchemist: Brotherhood", 2009)),
    ("Steins;Gate 0", 2018, one("Steins;Gate", 2011)),
    ("K", 2012, one("K-On!", 2009)),
    ("ガン", None, one("カン", None)),
]


@pytest.mark.parametrize(("title", "year", "candidate"), SAME, ids=[row[0] for row in SAME])
def test_the_same_series_in_another_spelling(title: str, year: int | None, candidate: Candidate) -> None:
    assert score([title], year, candidate) >= GOOD_ENOUGH


@pytest.mark.parametrize(("title", "year", "candidate"), OTHERS, ids=[row[0] for row in OTHERS])
def test_another_series_of_a_similar_name(title: str, year: int | None, candidate: Candidate) -> None:
    assert score([title], year, candidate) < GOOD_ENOUGH


@given(titles, years, st.text(max_size=80), years, st.lists(st.text(max_size=40), max_size=3))
def test_a_score_is_between_nothing_and_everything(
    ours: list[str], year: int | None, name: str, other: int | None, more: list[str]
) -> None:
    candidate = one(name, other, titles=tuple(more))
    found = score(ours, year, candidate)
    assert 0 <= found <= 1
    assert score(list(reversed(ours)), year, candidate) == found
    assert score(ours, year, candidate.rated(0.5)) == found
    assert score([*ours, name], year, candidate) >= found


@given(st.text(min_size=1, max_size=60).filter(lambda text: plain(text) != ""), st.integers(1900, 2100))
def test_a_title_is_itself_in_whatever_case(title: str, year: int) -> None:
    assert score([title], year, one(title, year)) == 1
    assert score([f"  {title} !"], year, one(title, year)) == 1


@given(titles, st.text(max_size=40), st.integers(1950, 2050), st.integers(0, 30))
def test_another_year_never_makes_it_likelier(ours: list[str], name: str, year: int, apart: int) -> None:
    assert score(ours, year, one(name, year + apart + 1)) <= score(ours, year, one(name, year + apart))


@given(st.text(max_size=80))
def test_plain_text_is_plain(title: str) -> None:
    assert plain(plain(title)) == plain(title)
    assert searchable(title) or not plain(title)


def test_only_a_clear_winner_is_taken_unasked() -> None:
    old, new = one("Hunter x Hunter", 1999, 1), one("Hunter x Hunter", 2011, 2)
    ranked = rank(["Hunter x Hunter"], 2011, [old, new])
    assert [candidate.tmdb_id for candidate in ranked] == [2, 1]
    chosen = surest(ranked)
    assert chosen is not None
    assert chosen.tmdb_id == 2
    assert surest(rank(["Hunter x Hunter"], None, [old, new])) is None
    assert surest(rank(["Something else"], None, [old, new])) is None
    assert surest([]) is None
