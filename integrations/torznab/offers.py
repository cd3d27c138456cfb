"""What of a series is offered as a release: each episode in each language that there is, and whole seasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from aniworld.configuration import store
from integrations.releases import QUALITIES, Release
from integrations.torznab.listings import Entry, Listing
from integrations.torznab.query import FILMS, SERIES, Query
from providers.contracts import Language

SPECIALS = 0
# Of an episode of which nobody has said how long it is, in seconds.
_USUAL_SECONDS = 24 * 60
# What a second of video takes, in bytes, where no file of the series tells.
_BYTES_A_SECOND = {"2160p": 1_200_000, "1080p": 300_000, "720p": 160_000, "480p": 90_000, "360p": 60_000}
# Managers prefer many seeders, in powers of ten: so they prefer the languages of the plan in its order.
_SEEDERS = (10_000, 1_000, 100, 10)
_SEEDERS_UNPLANNED = 1
_FEWEST_IN_A_PACK = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """A release with what is told of it. `size` is in bytes, an estimate unless the file is here."""

    release: Release
    published: datetime
    size: int
    seeders: int
    tvdb_id: int | None = None
    tmdb_id: int | None = None
    imdb_id: str = ""

    @property
    def categories(self) -> tuple[int, ...]:
        """Series, in high definition or not, and anime; films and specials may be either."""
        return (5000, 5030, 5040, 5070, *((2000,) if self.release.season == SPECIALS else ()))


def offers_of(listing: Listing, query: Query, absolute: int | None = None) -> list[Offer]:
    """What of the series answers the query; packs only where no single episode is asked for."""
    makes = _Maker(listing)
    if absolute is not None:
        entries = [entry for entry in [of_absolute(listing.entries, absolute)] if entry]
        return list(makes.singles(entries))
    entries = [entry for entry in listing.entries if query.season in (None, entry.season)]
    if query.episode is not None:
        return list(makes.singles(entry for entry in entries if entry.named == query.episode))
    return [*makes.packs(entries), *makes.singles(entries)]


def singles(listing: Listing, entry: Entry) -> list[Offer]:
    """One episode in each of its languages."""
    return list(_Maker(listing).singles([entry]))


def wanted(offer: Offer, query: Query) -> bool:
    """Whether it is of a category that was asked for."""
    if not query.categories:
        return True
    return bool(query.categories & (SERIES | (FILMS if offer.release.season == SPECIALS else frozenset())))


def of_absolute(entries: Sequence[Entry], number: int) -> Entry | None:
    """The episode with that number counted over all seasons, without films and specials.

    Some catalogues count on by themselves: then the number is the episode's own, whichever season it is in.
    """
    regular = sorted(
        (entry for entry in entries if entry.season != SPECIALS), key=lambda entry: (entry.season, entry.number)
    )
    numbers = [entry.number for entry in regular]
    if len({entry.season for entry in regular}) > 1 and len(set(numbers)) == len(numbers):
        return next((entry for entry in regular if entry.number == number), None)
    return _counted(regular).get(number)


def _counted(regular: Sequence[Entry]) -> dict[int, Entry]:
    """By the number over all seasons: a gap within a season, such as an episode that never came, is counted, too."""
    last = defaultdict[int, int](int)
    for entry in regular:
        last[entry.season] = max(last[entry.season], entry.number)
    before, total = {}, 0
    for season in sorted(last):
        before[season], total = total, total + last[season]
    return {before[entry.season] + entry.number: entry for entry in regular}


class _Maker:
    """Makes the offers of one series: what they are called and how large they may be is known of all its files."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        sizes, qualities = defaultdict[Language, list[int]](list), defaultdict[Language, list[str]](list)
        for entry in listing.entries:
            for language, (size, quality) in entry.files.items():
                sizes[language].append(size)
                qualities[language] += [quality] if quality in QUALITIES else []
        self._sizes = {language: round(median(found)) for language, found in sizes.items()}
        self._qualities = {language: max(set(found), key=found.count) for language, found in qualities.items() if found}
        rules = store.current()
        preferred = rules.downloads.preferred_quality
        self._usual = preferred if preferred in QUALITIES else QUALITIES[0]
        self._only_planned = rules.integrations.torznab_only_planned

    def singles(self, entries: Iterable[Entry]) -> Iterator[Offer]:
        """Each episode in each of its languages."""
        for entry in entries:
            for language in self._spoken(entry):
                yield self._single(entry, language)

    def _single(self, entry: Entry, language: Language) -> Offer:
        size, quality = entry.files.get(language, (0, ""))
        named = entry.named if entry.named != entry.number else None
        release = self._release(entry.season, entry.number, language, quality, named)
        return self._offer(release, entry.published, size or self._size(entry, release))

    def packs(self, entries: Sequence[Entry]) -> Iterator[Offer]:
        """Each season in each language that all of its episodes have."""
        seasons = defaultdict[int, list[Entry]](list)
        for entry in entries:
            if entry.season != SPECIALS:
                seasons[entry.season].append(entry)
        for season, several in seasons.items():
            for language in Language:
                whole = all(language in self._spoken(entry) for entry in several)
                if whole and len(several) >= _FEWEST_IN_A_PACK:
                    release = self._release(season, None, language)
                    size = sum(entry.files.get(language, (self._size(entry, release), ""))[0] for entry in several)
                    yield self._offer(release, max(entry.published for entry in several), size)

    def _spoken(self, entry: Entry) -> tuple[Language, ...]:
        if not self._only_planned:
            return entry.languages
        return tuple(language for language in entry.languages if language in self._listing.planned)

    def _release(
        self, season: int, episode: int | None, language: Language, quality: str = "", named: int | None = None
    ) -> Release:
        quality = quality if quality in QUALITIES else self._qualities.get(language, self._usual)
        of = self._listing
        return Release(of.provider, of.key, season, episode, language, of.name, quality, named)

    def _size(self, entry: Entry, release: Release) -> int:
        seconds = entry.seconds or _USUAL_SECONDS
        return self._sizes.get(release.language) or seconds * _BYTES_A_SECOND[release.quality]

    def _offer(self, release: Release, published: datetime, size: int) -> Offer:
        planned = self._listing.planned
        rank = planned.index(release.language) if release.language in planned else None
        seeders = _SEEDERS_UNPLANNED if rank is None else _SEEDERS[rank]
        of = self._listing
        return Offer(release, published, size, seeders, of.tvdb_id, of.tmdb_id, of.imdb_id)
