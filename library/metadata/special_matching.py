"""Which special of TMDB a film of a catalogue is, by their titles: both count them, and each in its own way. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from library.metadata.matching import plain

# From here on a proposal is in force without asking anybody.
SURE = 0.9
_WORTH_SHOWING = 0.4
# One that another comes so close to is not sure.
_CLEARLY, _DOUBTFUL = 0.05, 0.75
_OTHER_NUMBER = 0.5
_IN_PART, _OTHER_ORDER, _ALIKE = 0.86, 0.95, 0.92
_LEAST_PART = 8
# Letters alike below this make no score worth showing. Comparing them takes its time with long texts: of those only the
# beginnings are, and with more pairs than that none.
_LEAST_RATIO = 0.65
_MOST_LETTERS = 100
_MOST_SPELLED = 20_000
_KINDS = re.compile(r"^(?:the )?(?:movie|film|ova|oad|ona|special|kinofilm)s?\b\s*")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8"}


@dataclass(frozen=True, slots=True)
class Film:
    """A film or special of a catalogue, by the catalogue's number."""

    number: int
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Special:
    """A special of TMDB, by TMDB's number."""

    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Match:
    """What a film probably is; `confidence` from 0 to 1."""

    special: Special
    confidence: float

    @property
    def is_sure(self) -> bool:
        """Whether it may be taken without asking."""
        return self.confidence >= SURE


@dataclass(frozen=True, slots=True)
class _Title:
    """A title as it is compared: without the series' name and the kind in front of it."""

    text: str
    joined: str
    words: tuple[str, ...]
    numbers: frozenset[str]

    @classmethod
    def of(cls, title: str, prefixes: Sequence[str]) -> _Title:
        text = _bare(title, prefixes)
        words = text.split()
        return cls(text, "".join(words), tuple(sorted(words)), _numbers(words))


def propose(films: Sequence[Film], specials: Sequence[Special], names: Iterable[str]) -> dict[int, Match]:
    """For each film the special that it is most like, no special twice. `names` are what the series is called."""
    prefixes = sorted({plain(name) for name in names if plain(name)}, key=len, reverse=True)
    scores = _scores(films, specials, prefixes)
    rivals = _Rivals(scores)
    # The same number speaks for it where the titles do not decide.
    order = sorted(scores, key=lambda pair: (-scores[pair], pair[0] != pair[1], pair))
    known = {special.number: special for special in specials}
    found: dict[int, Match] = {}
    taken: set[int] = set()
    for film_number, number in order:
        if film_number not in found and number not in taken:
            taken.add(number)
            score = scores[film_number, number]
            is_doubtful = rivals.best(film_number, number) > score - _CLEARLY
            found[film_number] = Match(known[number], round(min(score, _DOUBTFUL) if is_doubtful else score, 3))
    return found


def _scores(
    films: Sequence[Film], specials: Sequence[Special], prefixes: Sequence[str]
) -> dict[tuple[int, int], float]:
    """How alike each film and each special are, where it is worth showing."""
    own = {film.number: [_Title.of(title, prefixes) for title in film.titles if title] for film in films}
    is_spelled = len(films) * len(specials) <= _MOST_SPELLED
    scores: dict[tuple[int, int], float] = {}
    for special in specials:
        other = _Title.of(special.title, prefixes)
        letters = SequenceMatcher(None, "", other.text[:_MOST_LETTERS], autojunk=False) if is_spelled else None
        for number, titles in own.items():
            score = max((_alike(title, other, letters) for title in titles), default=0.0)
            if score >= _WORTH_SHOWING:
                scores[number, special.number] = score
    return scores


class _Rivals:
    """The two best scores of each film and of each special: enough to tell the best besides any one."""

    def __init__(self, scores: Mapping[tuple[int, int], float]) -> None:
        self._of_film = defaultdict[int, list[tuple[float, int]]](list)
        self._of_special = defaultdict[int, list[tuple[float, int]]](list)
        for (film, special), score in scores.items():
            _keep_two(self._of_film[film], (score, special))
            _keep_two(self._of_special[special], (score, film))

    def best(self, film: int, special: int) -> float:
        """Of the other pairs with this film or this special."""
        others = [score for score, other in self._of_film[film] if other != special]
        others += [score for score, other in self._of_special[special] if other != film]
        return max(others, default=0.0)


def _keep_two(best: list[tuple[float, int]], one: tuple[float, int]) -> None:
    best.append(one)
    best.sort(reverse=True)
    del best[2:]


def _bare(title: str, prefixes: Sequence[str]) -> str:
    text = whole = plain(title)
    for prefix in prefixes:
        if text.startswith(f"{prefix} "):
            text = text[len(prefix) + 1 :]
            break
    text = _KINDS.sub("", text).strip()
    return text or whole


def _alike(one: _Title, other: _Title, letters: SequenceMatcher[str] | None) -> float:
    """From 0 to 1. Titles that count differently ("2", "III") are never sure, however alike they are."""
    if not one.text or not other.text:
        return 0.0
    score = _words_alike(one, other) or (_letters_alike(one, letters) if letters else 0.0)
    return min(score, _OTHER_NUMBER) if one.numbers != other.numbers else score


def _words_alike(one: _Title, other: _Title) -> float:
    if one.joined == other.joined:
        return 1.0
    if one.words == other.words:
        return _OTHER_ORDER
    short, long = sorted((one.text, other.text), key=len)
    return _IN_PART if len(short) >= _LEAST_PART and f" {short} " in f" {long} " else 0.0


def _letters_alike(one: _Title, letters: SequenceMatcher[str]) -> float:
    letters.set_seq1(one.text[:_MOST_LETTERS])
    # Both are cheap, and never less than the ratio.
    if letters.real_quick_ratio() < _LEAST_RATIO or letters.quick_ratio() < _LEAST_RATIO:
        return 0.0
    ratio = letters.ratio()
    return ratio * ratio * _ALIKE


def _numbers(words: Iterable[str]) -> frozenset[str]:
    counted = (_ROMAN.get(word, word) for word in words)
    return frozenset(str(int(word)) for word in counted if word.isascii() and word.isdigit() and len(word) < 10)
