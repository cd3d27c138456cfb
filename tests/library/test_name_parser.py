"""What a file is, told by its name: a corpus of names as people and groups write them, and any text at all."""

from __future__ import annotations

import csv
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.models import Episode, Series
from library.name_parser import ParsedName, parse
from library.naming import episode_path
from providers.contracts import Language

CORPUS = Path(__file__).parent.parent / "data" / "file_names.tsv"


@cache
def corpus() -> list[dict[str, str]]:
    with CORPUS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def told(parsed: ParsedName | None) -> tuple[str, str, str]:
    """As the corpus writes it."""
    if parsed is None:
        return "", "", ""
    season = "" if parsed.season is None else str(parsed.season)
    return season, ",".join(map(str, parsed.episodes)), parsed.language or ""


def test_the_corpus_is_understood() -> None:
    assert len(corpus()) >= 300
    wrong = []
    for row in corpus():
        found = told(parse(row["path"], [row["titles"]] if row["titles"] else []))
        if found != (row["season"], row["episodes"], row["language"]):
            wrong.append((row["path"], found))
    assert len(wrong) <= len(corpus()) * 0.01, wrong


def test_it_understands_more_than_guessit() -> None:
    """Seasons and episodes alone, as guessit knows other languages; half the corpus, since it takes its time."""
    guessit = pytest.importorskip("guessit", reason="make test installs what this needs").guessit
    rows = corpus()[::2]

    def many(value: Any) -> str:
        return ",".join(map(str, value if isinstance(value, list) else [] if value is None else [value]))

    def guessed(path: str) -> tuple[str, str]:
        found = guessit(path, {"type": "episode"})
        return many(found.get("season")), many(found.get("episode", found.get("absolute_episode")))

    expected = [(row["season"], row["episodes"]) for row in rows]
    ours = [told(parse(row["path"], [row["titles"]] if row["titles"] else []))[:2] for row in rows]
    theirs = [guessed(row["path"]) for row in rows]
    right = [sum(map(tuple.__eq__, expected, found)) for found in (ours, theirs)]
    sys.stdout.write(f"of {len(rows)} names we understand {right[0]}, guessit {right[1]}\n")
    assert right[0] >= right[1]


@pytest.mark.django_db
@given(
    name=st.text(max_size=80),
    season=st.integers(0, 40),
    number=st.integers(1, 1500),
    language=st.sampled_from(list(Language)),
    title=st.text(max_size=40),
)
def test_what_the_product_writes_is_read_back(
    name: str, season: int, number: int, language: Language, title: str
) -> None:
    series = Series(key="k", name=name, folder="Folder")
    path = episode_path(series, Episode(series=series, season=season, number=number, title=title), language)
    parsed = parse(path.relative_to("Folder"), [name])
    assert parsed is not None
    assert (parsed.season, parsed.episodes, parsed.language) == (season, (number,), language.value)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/"), max_size=300), max_size=4))
def test_any_path_has_an_answer(parts: list[str]) -> None:
    parsed = parse("/".join(parts))
    assert parsed is None or parsed.episodes


@pytest.mark.parametrize(
    "text",
    [
        "S01" * 1400,
        "1x" * 2000,
        "- 01 " * 800,
        "[" * 4000,
        "(1" * 2000,
        "e1 & " * 800,
        "s1e1" + "-e1" * 1300,
        "07 " * 1300,
    ],
)
def test_long_names_take_no_long_time(text: str) -> None:
    began = time.monotonic()
    parse(text, [text[::-1]])
    # A runaway pattern takes minutes.
    assert time.monotonic() - began < 5


def test_quality_is_read() -> None:
    names = {
        "S01E01 [1080p].mkv": "1080p",
        "S01E01 (1920x1080).mkv": "1080p",
        "S01E01.UHD.mkv": "2160p",
        "S01E01.mkv": "",
    }
    assert {name: parsed.quality for name in names if (parsed := parse(name))} == names
