"""What comes out while the demo site runs: new episodes and later dubs, on demand or every few minutes.

They are forgotten when the site ends. Links of what came later are numbered after all others, so that ids stay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from providers.contracts import Language
from providers.demo.series import DUB, HOSTS, SUB, DemoEpisode, DemoLink, DemoSeries
from providers.demo.series import all_series as first_series
from providers.demo.series import links as first_links

_MOST = 500
Place = tuple[str, int, int]


class UnknownRelease(ValueError):
    """A release that can't be; the text says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """One episode in some languages, of a series that is there."""

    slug: str
    season: int
    number: int
    languages: tuple[Language, ...]

    @property
    def place(self) -> Place:
        """Which episode."""
        return self.slug, self.season, self.number


class Releases:
    """Those so far, in their order; `every` seconds the next of the usual ones comes by itself, 0 never."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[Release] = []
        self._every = 0.0
        self._since = 0.0
        self._came = 0

    def begin(self, every: float) -> None:
        """From now on by itself."""
        with self._lock:
            self._every, self._since, self._came = every, time.monotonic(), 0

    def add(self, entry: Any) -> Release:
        """From its JSON object. Raises `UnknownRelease`."""
        release = _read(entry)
        with self._lock:
            self._add(release)
        return release

    def forget(self) -> None:
        """As at the start."""
        with self._lock:
            self._made.clear()

    def made(self) -> tuple[Release, ...]:
        """All, with those whose time has come."""
        with self._lock:
            due = int((time.monotonic() - self._since) / self._every) if self._every else 0
            for release in _usual()[self._came : due][: _MOST - len(self._made)]:
                self._add(release)
            self._came = max(self._came, due)
            return tuple(self._made)

    def _add(self, release: Release) -> None:
        if len(self._made) >= _MOST:
            raise UnknownRelease("there were too many releases")
        self._made.append(release)


releases = Releases()


def all_series() -> Mapping[str, DemoSeries]:
    """Every series by slug, in the order of the list, with what came out since the start."""
    return _series_with(releases.made())


def links() -> tuple[DemoLink, ...]:
    """Every link; `links()[id - 1]` has that id."""
    return _links_with(releases.made())


def links_of(slug: str, season: int, number: int) -> tuple[DemoLink, ...]:
    """The links of one episode."""
    return _by_place(releases.made()).get((slug, season, number), ())


def came_out() -> list[tuple[DemoSeries, DemoEpisode, tuple[Language, ...]]]:
    """What came out since the start, newest first."""
    made = releases.made()
    found = []
    for release in reversed(made):
        series = _series_with(made)[release.slug]
        episode = next(one for one in series.seasons[release.season] if one.number == release.number)
        found.append((series, episode, release.languages))
    return found


def _read(entry: Any) -> Release:
    if not isinstance(entry, Mapping) or set(entry) != {"slug", "season", "number", "languages"}:
        raise UnknownRelease("a release has slug, season, number and languages")
    slug, season, number, named = (entry[name] for name in ("slug", "season", "number", "languages"))
    if slug not in first_series():
        raise UnknownRelease(f"there is no series {slug}")
    if not all(isinstance(part, int) and 0 <= part < 1000 for part in (season, number)):
        raise UnknownRelease("season and number are small whole numbers")
    known = {language.value: language for language in Language}
    if not isinstance(named, list) or not named or not set(named) <= set(known):
        raise UnknownRelease(f"languages are some of {', '.join(known)}")
    return Release(slug, season, number, tuple(known[name] for name in named))


@cache
def _usual() -> tuple[Release, ...]:
    """In turn: the next episode of a series that goes on, with subtitles; and a dub of one that has none yet."""
    going_on = [series for series in first_series().values() if series.finished is None]
    found = []
    for step in range(1, 4):
        for series in going_on:
            last = max(series.seasons)
            newest = series.seasons[last][-1].number + step
            found.append(Release(series.slug, last, newest, (SUB,)))
            found.append(Release(series.slug, last, newest, (DUB,)))
    return tuple(found)


@cache
def _series_with(made: tuple[Release, ...]) -> dict[str, DemoSeries]:
    whole = dict(first_series())
    for release in made:
        whole[release.slug] = _after(whole[release.slug], release)
    return whole


def _after(series: DemoSeries, release: Release) -> DemoSeries:
    known = {episode.number: episode for episode in series.seasons.get(release.season, ())}
    before = known.get(release.number) or DemoEpisode(release.season, release.number, "Neu", "New", ())
    languages = tuple(dict.fromkeys((*before.languages, *release.languages)))
    known[release.number] = replace(before, languages=languages)
    season = tuple(known[number] for number in sorted(known))
    return replace(series, seasons={**series.seasons, release.season: season})


@cache
def _links_with(made: tuple[Release, ...]) -> tuple[DemoLink, ...]:
    found = list(first_links())
    whole = _series_with(made)
    there = {(link.series.slug, link.episode.season, link.episode.number, link.language) for link in found}
    for release in made:
        episode = next(one for one in whole[release.slug].seasons[release.season] if one.number == release.number)
        for language in _fresh(release, there):
            for host in HOSTS:
                found.append(DemoLink(len(found) + 1, whole[release.slug], episode, language, host))
    return tuple(found)


def _fresh(release: Release, there: set[tuple[str, int, int, Language]]) -> Iterable[Language]:
    for language in release.languages:
        if (*release.place, language) not in there:
            there.add((*release.place, language))
            yield language


@cache
def _by_place(made: tuple[Release, ...]) -> dict[Place, tuple[DemoLink, ...]]:
    found: dict[Place, tuple[DemoLink, ...]] = {}
    for link in _links_with(made):
        place = (link.series.slug, link.episode.season, link.episode.number)
        found[place] = (*found.get(place, ()), link)
    return found
