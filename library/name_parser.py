"""Understands what a file in the library is, from its name and the folders it lies in: season, episodes, language.

The forms are those that people and release groups write: S01E05, 1x05, Season 1 Episode 5, Staffel 1 Folge 5, a bare
number in a season's folder, an absolute number behind a dash, specials and films. Pure: nothing is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from library import name_language, name_noise

# An episode number; four digits only for shows that ran for decades.
_NUMBER = r"\d{1,4}"
_SEASON_WORD = r"(?:season|staffel|saison|temporada|stagione|series|cour)"
_EPISODE_WORD = (
    r"(?:episodes?|episodio|épisode|folge|folgen|capitulo|capítulo|chapter|eps?|ep\.|teil|aflevering|afl\.?|odcinek)"
)
# What else the same file holds: E02, -E02, -02, + 02, & E02. A bare number behind " - " begins a title.
_MORE = (
    rf"(?P<more>(?:\s?(?:[-+&~,]\s?|und\s|and\s)?(?:s\d{{1,4}}\s?)?ep?\s?{_NUMBER}"
    rf"|[-~]{_NUMBER}(?![\dpi])|\s?[+&]\s?{_NUMBER}(?![\dpi]))*)"
)
_END = r"(?:v\d{1,2})?(?![\da-z])"

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<![a-z\d])s(?:eason\s?)?(?P<season>\d{{1,4}})\s?[-_]?\s?(?:e|x|ep|{_EPISODE_WORD})\s?(?P<episode>{_NUMBER}){_MORE}{_END}",
        rf"(?<![\da-z])(?P<season>\d{{1,2}})x(?P<episode>\d{{1,3}})(?P<more>(?:\s?[-+&]\s?(?:\d{{1,2}}x)?\d{{1,3}})*){_END}",
        rf"\b{_SEASON_WORD}\s?(?P<season>\d{{1,4}})\b[\s,:-]*(?:{_EPISODE_WORD}|e)\s?#?(?P<episode>{_NUMBER}){_MORE}{_END}",
        rf"\b(?P<season>\d{{1,2}})(?:st|nd|rd|th|\.)\s?{_SEASON_WORD}\b[\s,:-]*(?:(?:{_EPISODE_WORD}|e)\s?)?(?P<episode>{_NUMBER}){_MORE}{_END}",
        rf"\b{_SEASON_WORD}\s?(?P<season>\d{{1,2}})\s?-\s?(?P<episode>{_NUMBER}){_MORE}{_END}",
        rf"(?<![a-z\d])s(?P<season>\d{{1,2}})\s?-\s?(?P<episode>{_NUMBER}){_MORE}{_END}",
        rf"(?<![a-z\d])(?P<special>(?:ova|oad|ona|special|specials|sp|movie|film)s?)\s?-?\s?#?(?P<episode>{_NUMBER}){_END}",
        rf"(?<![a-z\d])(?:{_EPISODE_WORD}|e|#|第)\s?#?(?P<episode>{_NUMBER}){_MORE}(?:話|集)?{_END}",
    )
)
_ABSOLUTE = re.compile(rf"(?:^|\s)-\s(?P<episode>{_NUMBER}){_MORE}{_END}(?=\s|$)", re.IGNORECASE)
_FIRST = re.compile(rf"^(?P<episode>{_NUMBER}){_MORE}{_END}(?=\s|$|\.)", re.IGNORECASE)
_LAST = re.compile(rf"(?:^|\s)(?P<episode>{_NUMBER}){_END}$", re.IGNORECASE)
# The last resort: who writes 07 among words, counts episodes. Only where it is the one such number.
_PADDED = re.compile(rf"^(?:(?!\b0\d).)*\b(?P<episode>0\d{{1,2}}){_END}(?!.*\b0\d)", re.IGNORECASE)
_LONE_SPECIAL = re.compile(r"(?<![a-z\d])(?:ova|oad|ona|special|movie|film)(?![a-z\d])", re.IGNORECASE)

_SEASON_FOLDER = re.compile(rf"(?:^|\s){_SEASON_WORD}\s?(\d{{1,4}})\b|^s(\d{{1,4}})$", re.IGNORECASE)
_ORDINAL_FOLDER = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)\s?{_SEASON_WORD}\b", re.IGNORECASE)
_SPECIALS_FOLDER = re.compile(r"^(?:specials?|ovas?|oads?|onas?|movies?|filme?|sonderfolgen)$", re.IGNORECASE)
_EXTRAS_FOLDER = re.compile(
    r"^(?:extras?|featurettes?|trailers?|samples?|bonus|behind the scenes"
    r"|deleted scenes|interviews|shorts|nc(?:op|ed)s?)$",
    re.IGNORECASE,
)
_EXTRA = re.compile(
    r"(?<![a-z\d])(?:nc\s?(?:op|ed)\d*\w?|(?:creditless|textless|clean)\s(?:opening|ending|op|ed)\s?\d*|trailer\s?\d*|teaser\s?\d*"
    r"|sample|pv\s?\d*|menu\s?\d*|preview\s?\d*|featurette|cm\s?\d+|making\sof)(?![a-z\d])",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_SEASON_AGAIN = re.compile(r"\d+x|s\d+", re.IGNORECASE)
# What this product writes itself: most files of a library, so it is looked for first and without any cleaning.
_OWN_MARK = " - S"
_OWN = re.compile(
    r" - S(\d{1,4})E(\d{1,4}) - \(((?:German|English) (?:Dub|Sub))\)"
    r"(?: \(\d{1,3}\))?\.[A-Za-z0-9]{2,4}$"
)
# A span of more episodes in one file than this is a misreading.
_LONGEST_SPAN = 30


class ParsedName(NamedTuple):
    """What a name tells. `season` is None when it says only an absolute number; 0 are specials and films.

    `episodes` are all that the one file holds, in order; `language` is one of the four that the product knows.
    """

    season: int | None
    episodes: tuple[int, ...]
    language: str | None = None
    quality: str = ""


def parse(path: PurePosixPath | str, titles: Iterable[str] = ()) -> ParsedName | None:
    """The episode in a file, by its path below the folder of its series; None for extras and unknown forms.

    `titles` are the names of the series: their digits are not mistaken for numbers of episodes.
    """
    text = str(path)
    mark = text.rfind(_OWN_MARK)
    if mark >= 0 and (own := _own(text[mark:])):
        return own
    parts = PurePosixPath(text[:4096]).parts
    if not parts or any(_EXTRAS_FOLDER.match(_spaced(folder)) for folder in parts[:-1]):
        return None
    stem = name_noise.stem(parts[-1])
    if _EXTRA.search(_spaced(stem)):
        return None
    folders = [_spaced(folder) for folder in parts[:-1]]
    words = _without_title(name_noise.cleaned(stem), titles)
    season, in_specials = _season_of(folders)
    numbers = _numbers(words, season, in_specials)
    if numbers is None:
        return None
    language = name_language.told(stem) or name_language.told_by_folders(folders)
    return ParsedName(*numbers, language, name_noise.quality(stem))


@lru_cache(maxsize=4096)
def _own(ending: str) -> ParsedName | None:
    """What the ending says that this product writes. A library holds few different ones: kept, they cost nothing."""
    match = _OWN.match(ending)
    if match is None:
        return None
    season, episode, language = match.groups()
    return ParsedName(int(season), (int(episode),), language)


def _numbers(text: str, season: int | None, in_specials: bool) -> tuple[int | None, tuple[int, ...]] | None:
    for form in _FORMS:
        match = form.search(text)
        if match is None:
            continue
        found = match.groupdict()
        told = 0 if found.get("special") else _whole(found.get("season"))
        return (season if told is None else told), _episodes(found)
    for form in (_FIRST, _ABSOLUTE, _LAST, _PADDED) if season is not None else (_ABSOLUTE, _LAST, _FIRST, _PADDED):
        match = form.search(text)
        if match:
            return season, _episodes(match.groupdict())
    if in_specials or _LONE_SPECIAL.search(text):
        return 0, (1,)
    return None


def _episodes(found: dict[str, str | None]) -> tuple[int, ...]:
    """Every episode named: 01E02 and 01+02 count up one by one, 01-03 means the one between as well."""
    first = int(found["episode"] or 0)
    more = found.get("more") or ""
    others = [int(number) for number in _DIGITS.findall(_SEASON_AGAIN.sub("", more))]
    if len(others) == 1 and re.search(r"[-~]", more) and first < others[0] <= first + _LONGEST_SPAN:
        return tuple(range(first, others[0] + 1))
    return tuple(dict.fromkeys([first, *(number for number in others if number > first)]))


def is_part_of_series(folder: str) -> bool:
    """Whether a folder is named as one inside a series' folder: a season, specials, extras, a language."""
    name = _spaced(folder)
    forms = (_SEASON_FOLDER, _ORDINAL_FOLDER, _SPECIALS_FOLDER, _EXTRAS_FOLDER)
    return name.isdecimal() or any(form.search(name) for form in forms) or name_language.told(f"({name})") is not None


def _season_of(folders: Sequence[str]) -> tuple[int | None, bool]:
    """The season that the nearest folder with a word on it tells, and whether that is one for specials."""
    for folder in reversed(folders):
        if _SPECIALS_FOLDER.match(folder):
            return 0, True
        match = _SEASON_FOLDER.search(folder) or _ORDINAL_FOLDER.search(folder)
        if match:
            number = int(next(group for group in match.groups() if group))
            return number, False
        if folder.isdecimal() and len(folder) <= 2:
            return int(folder), False
    return None, False


def _without_title(text: str, titles: Iterable[str]) -> str:
    """The text behind the longest of the titles that it begins with."""
    best = 0
    for title in titles:
        best = max(best, _reach(text, name_noise.cleaned(title)))
    return text[best:].lstrip(" .,") if best else text


def _reach(text: str, title: str) -> int:
    """How far into `text` the words of `title` go, whatever stands between them; 0 when it begins otherwise."""
    letters = [character for character in title.casefold() if character.isalnum()]
    position = 0
    for letter in letters:
        while position < len(text) and not text[position].isalnum():
            position += 1
        if position >= len(text) or text[position].casefold() != letter:
            return 0
        position += 1
    ends_inside_a_word = position < len(text) and text[position].isalnum()
    return 0 if ends_inside_a_word or not letters else position


def _spaced(text: str) -> str:
    return re.sub(r"[\s._]+", " ", text).strip()


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)
