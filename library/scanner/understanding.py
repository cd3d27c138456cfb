"""Which episodes of a series its files are, and what a folder's name tells of a series. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from library import name_noise
from library.models.episode import MOST_IN_A_FILE
from library.name_parser import is_part_of_series, parse
from library.scanner.walking import Video

_YEAR = re.compile(r"[(\[](?P<year>(?:19|20)\d\d)(?:\s?-\s?(?:(?:19|20)\d\d)?)?[)\]]")
# What Jellyfin, Plex and Kodi understand in the name of a folder: [tvdbid-1], {tmdb-1}, [imdbid-tt1].
_ID = re.compile(r"[\[{(](?P<site>tmdb|tvdb|imdb)(?:id)?\s?[-=:]\s?(?P<id>(?:tt)?\d{1,12})[\]})]", re.IGNORECASE)
_BEHIND_NAME = re.compile(r"(?i)[\s._-]+(?:s\d{1,2}(?:\b|_)|(?:season|staffel)[\s._-]?\d|complete\b|\d{3,4}p\b).*$")
_LARGEST = 2**31 - 1


class Placed(NamedTuple):
    """A video with its place in the series: it holds the episodes `number` to `last`."""

    video: Video
    season: int
    number: int
    last: int
    language: str
    quality: str


class FolderName(NamedTuple):
    """What the name of a series' folder tells."""

    name: str
    year: int | None
    ids: dict[str, str]


def place(video: Video, below: str, titles: Iterable[str], seasons: Mapping[int, int]) -> Placed | None:
    """Where a video belongs; None when its name does not say.

    `below` is the series' folder; `seasons` counts the episodes known of each season.
    """
    parsed = parse(video.path[len(below) + 1 :], titles)
    if parsed is None:
        return None
    number = parsed.episodes[0]
    last = number
    for other in parsed.episodes[1:MOST_IN_A_FILE]:
        # A file that holds 1 and 3 is a misreading, or at least not to be trusted with what lies between.
        if other == last + 1:
            last = other
    season = parsed.season
    if season is None:
        season, number, shift = _counted(number, seasons)
        last -= shift
    return Placed(video, season, number, last, parsed.language or "", parsed.quality)


def _counted(number: int, seasons: Mapping[int, int]) -> tuple[int, int, int]:
    """Season and number of an absolute one, and how much it was lowered by."""
    known = sorted(season for season, count in seasons.items() if season > 0 and count > 0)
    shift = 0
    for season in known[:-1]:
        if number - shift <= seasons[season]:
            return season, number - shift, shift
        shift += seasons[season]
    return (known[-1] if known else 1), number - shift, shift


def holds_several_series(folder: str, placed: Sequence[Placed]) -> bool:
    """Whether a folder looks like a shelf of series: the same episodes in several folders that are no seasons."""
    homes: dict[tuple[int, int, str], str] = {}
    for one in placed:
        inner = one.video.path[len(folder) + 1 :].partition("/")
        if not inner[1] or is_part_of_series(inner[0]):
            continue
        if homes.setdefault((one.season, one.number, one.language), inner[0]) != inner[0]:
            return True
    return False


def read_folder(folder: str) -> FolderName:
    """The series' name, year and ids as its folder tells them."""
    ids = {match["site"].lower(): match["id"].lower() for match in _ID.finditer(folder)}
    text = _ID.sub(" ", folder)
    match = _YEAR.search(text)
    if match:
        text = text[: match.start()] or text[match.end() :]
    if " " not in text.strip():
        text = re.sub(r"[._]+", " ", text)
    text = _BEHIND_NAME.sub("", text)
    text = re.sub(r"^\s*\[[^\]]{1,60}\]\s*(?=\S)", "", text)
    name = " ".join(text.split()).strip(" -") or name_noise.cleaned(folder) or folder
    return FolderName(name[:500], int(match["year"]) if match else None, ids)


def number_of(ids: Mapping[str, str], site: str) -> int | None:
    """The id at that site as it is stored; None when there is none."""
    text = ids.get(site, "")
    return int(text) if text.isdecimal() and 0 < int(text) <= _LARGEST else None
