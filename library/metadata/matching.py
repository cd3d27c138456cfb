"""How much two series look like the same one: by their titles in all their spellings, and by the year. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from library.metadata.records import Candidate

# A match at least this good, and clearly better than the next one, is taken without asking anybody.
GOOD_ENOUGH = 0.8
CLEARLY = 0.02
# What a title is worth that agrees only without its noise ("2nd Season", "(TV)"), or only in one part of it.
_WITHOUT_NOISE, _IN_PART = 0.95, 0.86
_MOST_TITLES = 30
_LONGEST_TITLE = 200
_NOISE = re.compile(
    r"\((?:tv|ova|ona|uncut|dub|sub|anime|serie|(?:19|20)\d\d)\)|\[[^\]]*\]"
    r"|\b(?:season|staffel|part|teil|cour) (?:\d{1,2}|i{1,3}|iv|v)\b|\b\d{1,2}(?:st|nd|rd|th)? (?:season|staffel)\b"
    r"|\b(?:the )?(?:final season|animation|tv series|the series|anime serie|anime)$"
)
_PARTS = re.compile(r"\s*[–—~|/]\s*|:\s+|\s+-\s*|-\s+")
_LONG_VOWELS = str.maketrans({"ō": "o", "ū": "u", "ā": "a", "ē": "e", "ī": "i", "ß": "ss", "×": "x", "²": "2"})


def score(titles: Sequence[str], year: int | None, candidate: Candidate) -> float:
    """From 0 (nothing in common) to 1 (the same title and year)."""
    return round(_titles_score(titles, candidate.all_titles) * _year_factor(year, candidate.year), 4)


def rank(titles: Sequence[str], year: int | None, found: Iterable[Candidate]) -> list[Candidate]:
    """The candidates with their scores, best first; equal ones keep their order."""
    rated = [candidate.rated(score(titles, year, candidate)) for candidate in found]
    return sorted(rated, key=lambda candidate: -candidate.score)


def surest(ranked: Sequence[Candidate]) -> Candidate | None:
    """The one that may be taken without asking; None when it is not alike enough, or another one is as much so."""
    if not ranked or ranked[0].score < GOOD_ENOUGH:
        return None
    rivals = [other for other in ranked[1:] if other.tmdb_id != ranked[0].tmdb_id]
    return None if rivals and rivals[0].score > ranked[0].score - CLEARLY else ranked[0]


def plain(title: str) -> str:
    """A title as it is compared: no entities, accents, case or punctuation, `&` as a word."""
    text = html.unescape(html.unescape(title[:_LONGEST_TITLE])).casefold().translate(_LONG_VOWELS)
    text = _without_accents(text).replace("&", " and ").replace("+", " plus ")
    text = re.sub(r"['’`´]", "", text)
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def searchable(title: str) -> str:
    """A title as a search understands it best: without what catalogues add to it."""
    bare = " ".join(_NOISE.sub(" ", html.unescape(title[:_LONGEST_TITLE]).casefold()).split())
    return bare or plain(title)


def _without_accents(text: str) -> str:
    """`é` as `e`; the voicing marks of kana stay, since か and が are different letters."""
    taken_apart = unicodedata.normalize("NFKD", text)
    kept = (c for c in taken_apart if not unicodedata.combining(c) or c in "\u3099\u309a")
    return unicodedata.normalize("NFKC", "".join(kept)).casefold()


@lru_cache(maxsize=2048)
def _variants(title: str) -> tuple[tuple[str, float], ...]:
    """The spellings of one title, each with what it is worth."""
    short = title[:_LONGEST_TITLE]
    found = {plain(short): 1.0}
    bare = searchable(short)
    found.setdefault(plain(bare), _WITHOUT_NOISE)
    for part in _PARTS.split(bare):
        # One short word of a title says too little.
        if len(plain(part)) >= 5:
            found.setdefault(plain(part), _IN_PART)
    return tuple((text, worth) for text, worth in found.items() if text)


def _titles_score(ours: Iterable[str], theirs: Iterable[str]) -> float:
    wanted, offered = _all_variants(ours), _all_variants(theirs)
    exact = (min(worth, offered[text]) for text, worth in wanted.items() if text in offered)
    best = max(exact, default=0.0)
    if best >= _IN_PART:
        return best
    return max((_alike(one, other) for one in wanted.items() for other in offered.items()), default=best)


def _all_variants(titles: Iterable[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for title in list(titles)[:_MOST_TITLES]:
        for text, worth in _variants(title):
            found[text] = max(worth, found.get(text, 0.0))
    return found


def _alike(one: tuple[str, float], other: tuple[str, float]) -> float:
    """For a typo or another word order; squared, so that half alike counts as little as it means."""
    worth = min(one[1], other[1])
    first, second = sorted((one[0], other[0]))
    if first.replace(" ", "") == second.replace(" ", ""):
        return 0.98 * worth
    if sorted(first.split()) == sorted(second.split()):
        return 0.95 * worth
    ratio = SequenceMatcher(None, first, second, autojunk=False).ratio()
    return ratio * ratio * 0.95 * worth


def _year_factor(one: int | None, other: int | None) -> float:
    """A catalogue may name the year of another country's start; further apart it is a remake."""
    if one is None or other is None:
        return 0.93
    return {0: 1.0, 1: 0.97, 2: 0.8}.get(abs(one - other), 0.6)
