"""Catalogues that are folders of files: each folder of the root is a series, and the names say which episodes they are.

Where a tree comes from, a web server's listing or this machine's disk, is the subclass's. Everything here is told by
*segments*: the names of the folders below the root, then perhaps that of a file.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from providers.catalogues import numbering
from providers.catalogues.pages import clean
from providers.contracts import (
    Catalogue,
    EpisodeEntry,
    EpisodeSources,
    Language,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
)
from providers.exceptions import AddressRefused, NotFound, PageNotUnderstood, TooLarge
from providers.http.answers import shown

Segments = tuple[str, ...]
MOST_ENTRIES = 5000
MOST_SEASON_FOLDERS = 60
MOST_FOUND = 100
_MOST_SOURCES = 20
_LONGEST_KEY = 150
_PLAIN = frozenset("-.()[]!,'&")
# The root itself, where it is a series.
_ROOT_KEY = "~"
_COVERS = ("poster.jpg", "poster.png", "folder.jpg", "cover.jpg")


@dataclass(frozen=True, slots=True)
class Node:
    """What a folder holds: another folder, or a file."""

    name: str
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A file with the episode that it is; `language` is None where nothing tells it."""

    segments: Segments
    season: int
    number: int
    title: str
    language: Language | None


class FolderCatalogue(Catalogue):
    """What listings of folders have in common. `host` is the label of the host that fetches their files."""

    host: ClassVar[str]
    may_lack_language = True

    @property
    @abstractmethod
    def root(self) -> str:
        """The link of the root, with a slash at its end."""

    @abstractmethod
    def listing(self, segments: Segments) -> list[Node]:
        """What is in a folder below the root. Raises `ProviderError`."""

    def search(self, query: str) -> list[SearchResult]:
        """The folders of the root whose names hold every word."""
        words = query.casefold().split()
        found = [series for series in self.shelf() if all(word in series[-1].casefold() for word in words)]
        return [
            self._result(series) for series in sorted(found, key=lambda one: numbering.natural(one[-1]))[:MOST_FOUND]
        ]

    def details(self, link: str) -> SeriesDetails:
        """Reads the folder of the series and those of its seasons."""
        series = self._series(link)
        placed = self.collect(series)
        if not placed:
            raise PageNotUnderstood(
                f"{shown(self.link_of(series))} was expected to hold videos, or folders of seasons."
            )
        title = series[-1] if series else unquote(self.root.rstrip("/").rpartition("/")[2])
        name, year = numbering.name_and_year(clean(title))
        counts = {season: len({one.number for one in placed if one.season == season}) for season in _seasons(placed)}
        place = self.link_of(series)
        return SeriesDetails(
            slug=self.key_for(series),
            name=name[:500],
            link=place,
            year=year,
            cover_url=self.cover(series),
            seasons=tuple(SeasonEntry(season, place, count) for season, count in counts.items()),
        )

    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """The season's files, one entry for all of the same episode."""
        placed = [one for one in self.collect(self._series(season.link)) if one.season == season.number]
        numbers = sorted({one.number for one in placed})
        return [self._entry([one for one in placed if one.number == number]) for number in numbers]

    def sources(self, episode_link: str) -> EpisodeSources:
        """Every file of the episode that stands beside the one of the link."""
        own = self._own(episode_link)
        beside = self.beside(own)
        this = next((one for one in beside if one.segments == own), None)
        if this is None:
            raise NotFound(f"{shown(episode_link)} is not there any more.")
        same = [one for one in beside if (one.season, one.number) == (this.season, this.number)][:_MOST_SOURCES]
        ordered = sorted(same, key=lambda one: one.segments != own)
        sources = tuple(
            self.source(one.language, self.host, self.link_of(one.segments, is_file=True)) for one in ordered
        )
        return EpisodeSources(this.title, "", sources)

    def newest(self) -> list[NewEpisode]:
        """A listing of folders does not tell; monitored series are looked up one by one."""
        return []

    def key_of(self, link: str) -> str:
        """From the folder of the series, in a form that leads back to it."""
        own = self.segments_of(link)
        return "" if own is None else self.key_for(_without_episode(own))

    # What a subclass may know better.

    def shelf(self) -> list[Segments]:
        """The series of the catalogue."""
        return [(node.name,) for node in self.listing(()) if node.is_folder]

    def collect(self, series: Segments) -> list[Placed]:
        """Every file of a series."""
        nodes = self.listing(series)
        placed = self._placed(series, nodes, 1)
        folders = [(node.name, numbering.season_of(node.name)) for node in nodes if node.is_folder]
        seasons = [(name, season) for name, season in folders if season is not None]
        for name, season in seasons[:MOST_SEASON_FOLDERS]:
            placed += self._placed((*series, name), self.listing((*series, name)), season)
        return placed

    def beside(self, file: Segments) -> list[Placed]:
        """The files of the folder that a file is in."""
        folder = file[:-1]
        season = numbering.season_of(folder[-1]) if folder else None
        return self._placed(folder, self.listing(folder), 1 if season is None else season)

    def cover(self, series: Segments) -> str:
        """The address of a picture of the series."""
        names = {node.name.lower(): node.name for node in self.listing(series) if not node.is_folder}
        name = next((names[cover] for cover in _COVERS if cover in names), None)
        return self.link_of((*series, name), is_file=True) if name else ""

    # Links, segments and keys.

    def segments_of(self, link: str) -> Segments | None:
        """What a link names below the root; None when it is not below it, or no plain path."""
        try:
            own, given = urlsplit(self.root), urlsplit(link.strip())
        except ValueError:
            return None
        same = own.scheme == given.scheme == "file" or (own.scheme != "file" and self.accepts(link))
        if not same or not f"{given.path}/".startswith(own.path):
            return None
        parts = [unquote(part) for part in given.path[len(own.path) :].split("/") if part]
        return tuple(parts) if all(_is_plain(part) for part in parts) else None

    def link_of(self, segments: Segments, *, is_file: bool = False) -> str:
        """The link of a folder or file below the root."""
        path = "/".join(quote(segment) for segment in segments)
        return self.root + path + ("/" if path and not is_file else "")

    def key_for(self, series: Segments) -> str:
        """The catalogue's own key of that folder; one that is too long ends in a digest, and is found by looking."""
        key = "~2F".join(_encoded(segment) for segment in series) or _ROOT_KEY
        if len(key) <= _LONGEST_KEY:
            return key
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return f"{key[: _LONGEST_KEY - 20]}~~{digest}"

    def _own(self, link: str) -> Segments:
        segments = self.segments_of(link)
        if segments is None:
            raise AddressRefused(f"{shown(link)} is no place of {shown(self.root)}.")
        return segments

    def _series(self, link: str) -> Segments:
        """The folder behind a link, or behind a bare key."""
        if "/" in link:
            return _without_episode(self._own(link))
        if "~~" in link:
            found = next((series for series in self.shelf() if self.key_for(series) == link), None)
        else:
            found = _decoded(link)
        if found is None:
            raise NotFound(f"{link[:80]} names no folder of {shown(self.root)}.")
        return found

    def _result(self, series: Segments) -> SearchResult:
        name, year = numbering.name_and_year(clean(series[-1]))
        return SearchResult(self.key_for(series), name[:500], self.link_of(series), year)

    def _entry(self, files: Sequence[Placed]) -> EpisodeEntry:
        first = files[0]
        return EpisodeEntry(
            season=first.season,
            number=first.number,
            link=self.link_of(first.segments, is_file=True),
            title=next((one.title for one in files if one.title), ""),
            languages=tuple(dict.fromkeys(one.language or self.usual_language for one in files)),
            hosts=(self.host,),
            guessed=self.guess(*(one.language for one in files)),
        )

    def _placed(self, folder: Segments, nodes: Sequence[Node], season: int) -> list[Placed]:
        """The videos of one folder. Where no name has a number, they count in the order of their names."""
        files = [node.name for node in nodes if not node.is_folder and numbering.is_video(node.name)]
        names = sorted(files, key=numbering.natural)
        told = {name: numbering.number_in(name) for name in names}
        if not any(told.values()):
            told = {
                name: numbering.Numbered(None, number, name.rpartition(".")[0]) for number, name in enumerate(names, 1)
            }
        return [self._one(folder, name, found, season) for name, found in told.items() if found]

    def _one(self, folder: Segments, name: str, found: numbering.Numbered, season: int) -> Placed:
        language = numbering.language_in(name) or next(
            (told for part in reversed(folder) if (told := numbering.language_in(part))), None
        )
        own_season = season if found.season is None else found.season
        return Placed((*folder, name), own_season, found.number, clean(found.title), language)


def bounded(nodes: list[Node], place: str) -> list[Node]:
    """The nodes, unless there are too many. Raises `TooLarge`."""
    if len(nodes) > MOST_ENTRIES:
        raise TooLarge(f"{shown(place)} lists more than {MOST_ENTRIES} names.")
    return nodes


def _seasons(placed: Sequence[Placed]) -> list[int]:
    return sorted({one.season for one in placed})


def _without_episode(segments: Segments) -> Segments:
    """The folder of the series, from that of a season or from a file."""
    if segments and numbering.is_video(segments[-1]):
        segments = segments[:-1]
    while len(segments) > 1 and numbering.season_of(segments[-1]) is not None:
        segments = segments[:-1]
    return segments


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and not any(character in part for character in "/\\\0") and part.isprintable()


def _encoded(segment: str) -> str:
    return "".join(_letter(character) for character in segment)


def _letter(character: str) -> str:
    if character == " ":
        return "_"
    if character.isalnum() or character in _PLAIN:
        return character
    return "".join(f"~{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


def _decoded(key: str) -> Segments | None:
    if key == _ROOT_KEY:
        return ()
    text = unquote_to_bytes(key.replace("%", "").replace("_", " ").replace("~", "%")).decode("utf-8", "replace")
    parts = tuple(text.split("/"))
    return parts if all(_is_plain(part) for part in parts) else None
