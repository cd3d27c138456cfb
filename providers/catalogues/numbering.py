"""Which episode a file or folder of a plain listing is, by its name alone. Pure.

A listing comes from elsewhere and is one series at a time, so the forms are those that say it plainly; what the library
itself understands of names, `library.name_parser`, is more, and not needed before a file is there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from providers.contracts import Language

VIDEO_SUFFIXES = (".mp4", ".mkv", ".m4v", ".webm", ".mov", ".ts", ".avi", ".flv", ".m3u8")
_SEASON_WORD = r"(?:season|staffel|saison|series)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<![a-z\d])s(?P<season>\d{1,4})[\s._-]{0,3}e(?:p)?[\s._-]?(?P<number>\d{1,4})(?!\d)",
        r"(?<![a-z\d])(?P<season>\d{1,2})x(?P<number>\d{1,3})(?![\dx])",
        rf"\b{_SEASON_WORD}[\s._-]?(?P<season>\d{{1,4}})[\s._,-]{{1,4}}(?:episode|folge|ep)[\s._-]?(?P<number>\d{{1,4}})",
        r"\b(?:episode|folge|ep|teil|part)[\s._#-]{0,3}(?P<number>\d{1,4})(?!\d)",
        r"^(?P<number>\d{1,4})(?=[\s._-]|$)(?![\s._-]?(?:p|fps)\b)",
        r"[\s._]-[\s._](?P<number>\d{1,4})(?=[\s._-]|$)",
        r"[\s._-](?P<number>\d{1,3})$",
    )
)
_SEASON_FOLDER = re.compile(rf"^(?:{_SEASON_WORD}[\s._-]?0*(\d{{1,4}})|s0*(\d{{1,4}}))$", re.IGNORECASE)
_SPECIALS_FOLDER = re.compile(r"^(?:specials?|extras|films?|movies|filme|ovas?)$", re.IGNORECASE)
_LANGUAGES = tuple(
    (language, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE))
    for language, words in (
        (Language.GERMAN_SUB, r"(?:german|deutsch|ger|deu?)[\s._-]?(?:sub(?:s|bed)?|untertitel)|omu"),
        (Language.ENGLISH_SUB, r"(?:english|englisch|eng?)[\s._-]?(?:sub(?:s|bed)?|untertitel)"),
        (Language.GERMAN_DUB, r"german|deutsch|ger|deu"),
        (Language.ENGLISH_DUB, r"english|englisch|eng"),
    )
)
_YEAR = re.compile(r"[(\[]((?:19|20)\d\d)[)\]]")
_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}")
_DIGITS = re.compile(r"(\d+)")


class Numbered(NamedTuple):
    """What a name says; `season` is None where it does not name one. `title` is what follows the number."""

    season: int | None
    number: int
    title: str = ""


def is_video(name: str) -> bool:
    """Whether it is called like a video or playlist."""
    return name.lower().endswith(VIDEO_SUFFIXES) and not name.startswith(".")


def number_in(name: str) -> Numbered | None:
    """The episode that a file's name names; None when it names none."""
    stem = name.rpartition(".")[0] or name
    for form in _FORMS:
        match = form.search(stem)
        if match:
            season = match.groupdict().get("season")
            return Numbered(None if season is None else int(season), int(match["number"]), _title(stem[match.end() :]))
    return None


def season_of(folder: str) -> int | None:
    """The season that a folder is called after, 0 for specials and films; None when it is called otherwise."""
    match = _SEASON_FOLDER.match(folder.strip())
    if match:
        return int(match[1] or match[2])
    return 0 if _SPECIALS_FOLDER.match(folder.strip()) else None


def language_in(text: str) -> Language | None:
    """The language that a name tells, or None."""
    return next((language for language, form in _LANGUAGES if form.search(text)), None)


def language_called(text: str | None) -> Language | None:
    """One of the four by its full name, as an operator or an index file writes it."""
    return next(
        (language for language in Language if language.value.casefold() == (text or "").strip().casefold()), None
    )


def name_and_year(folder: str) -> tuple[str, int | None]:
    """`Title (2019)` in its two parts."""
    match = _YEAR.search(folder)
    name = " ".join((folder[: match.start()] if match else folder).replace("_", " ").split())
    return name or folder, int(match[1]) if match else None


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts names as people do: 2 before 10."""
    parts = _DIGITS.split(name.casefold())
    return [(int(part), "") if index % 2 else (-1, part) for index, part in enumerate(parts)]


def _title(rest: str) -> str:
    text = _BRACKETS.sub(" ", rest).replace("_", " ").strip(" ._-")
    return " ".join(text.split())[:500]
