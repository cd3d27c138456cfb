"""The Internet Archive: an item with its videos, or a collection of items, is a series."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from providers.catalogues import archive_items as items
from providers.catalogues import numbering
from providers.contracts import (
    Catalogue,
    EpisodeEntry,
    EpisodeSources,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
)
from providers.exceptions import AddressRefused, NotFound, PageNotUnderstood, TooLarge
from providers.http.answers import shown

MOST_FOUND = 50
# Of a collection, and in one request.
MOST_MEMBERS = 2000
_ROWS = 500
_FIELDS = ("identifier", "title", "description", "year", "date", "mediatype")
_WORD = re.compile(r"\w+")


class ArchiveOrg(Catalogue):
    """Asks the search API and the metadata API of the address; files go to the host for direct links."""

    name = "archive-org"
    display_name = "Internet Archive"
    usual_site = "https://archive.org"
    may_lack_language = True

    def __init__(self, address: str, client: Any) -> None:
        super().__init__(address, client)
        self._known: dict[str, dict[str, Any]] = {}

    def search(self, query: str) -> list[SearchResult]:
        """Films and collections whose titles hold every word."""
        words = " AND ".join(_WORD.findall(query)[:20])
        if not words:
            return []
        found, _total = self._ask(f"title:({words}) AND mediatype:(movies OR collection)", MOST_FOUND, 1)
        return [self._result(hit) for hit in found]

    def details(self, link: str) -> SeriesDetails:
        """The item's metadata; of a collection also its members."""
        identifier = self._identifier(link)
        found = self._item(identifier)
        told = items.metadata(found, shown(self._page(identifier)))
        seasons = self._seasons(identifier, found, told)
        if not seasons:
            raise PageNotUnderstood(f"{shown(self._page(identifier))} was expected to hold videos that can be fetched.")
        return SeriesDetails(
            slug=identifier,
            name=(items.text(told, "title") or identifier)[:500],
            link=self._page(identifier),
            year=items.year(told),
            description=items.description(told),
            cover_url=self._cover(identifier),
            status="unknown" if _is_collection(told) else "completed",
            genres=tuple(dict.fromkeys(items.texts(told, "subject")[:10])),
            seasons=seasons,
        )

    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """The videos of an item, or the members of a collection in the order of their dates."""
        identifier = self._identifier(season.link)
        found = self._item(identifier)
        told = items.metadata(found, shown(season.link))
        if _is_collection(told):
            return [self._member(number, hit) for number, hit in enumerate(self._members(identifier), start=1)]
        films = {film.number: film for film in self._films(found, told)[::-1] if film.season == season.number}
        return [self._entry(identifier, films[number]) for number in sorted(films)]

    def sources(self, episode_link: str) -> EpisodeSources:
        """Every file of the video that the link names, or of the first one of an item."""
        identifier, name = self._place(episode_link)
        found = self._item(identifier)
        told = items.metadata(found, shown(episode_link))
        films = self._films(found, told)
        film = next((one for one in films if name in one.files), None) if name else next(iter(films), None)
        if film is None:
            raise NotFound(f"{shown(episode_link)} is not there any more.")
        title = film.title or ("" if name else items.text(told, "title"))
        return EpisodeSources(
            title, "", tuple(self.source(film.language, "direct", self._file(identifier, file)) for file in film.files)
        )

    def newest(self) -> list[NewEpisode]:
        """The archive lists uploads of all kinds; monitored series are looked up one by one."""
        return []

    def key_of(self, link: str) -> str:
        """The item's identifier."""
        return items.identifier_in(unquote(urlsplit(link).path))[0]

    def accepts(self, link: str) -> bool:
        """Whether it is an item of this site."""
        return super().accepts(link) and bool(self.key_of(link))

    def check(self) -> None:
        """Asks the search for nothing."""
        self._ask("mediatype:movies", 0, 1)

    def _ask(self, query: str, rows: int, page: int, *sort: str) -> tuple[list[items.Hit], int]:
        asked = [("q", query), *(("fl[]", field) for field in _FIELDS), *(("sort[]", order) for order in sort)]
        asked += [("rows", str(rows)), ("page", str(page)), ("output", "json")]
        address = f"{self.address}/advancedsearch.php"
        return items.hits(self.client.json(f"{address}?{urlencode(asked)}"), shown(address))

    def _item(self, identifier: str) -> dict[str, Any]:
        if identifier not in self._known:
            found = self.client.json(f"{self.address}/metadata/{identifier}")
            if not isinstance(found, dict):
                raise PageNotUnderstood(f"{shown(self._page(identifier))} was expected to answer with metadata.")
            self._known[identifier] = found
        return self._known[identifier]

    def _members(self, identifier: str) -> list[items.Hit]:
        """Those of a collection, the oldest first, so that what comes new gets the next number."""
        query, found = f"collection:{identifier} AND mediatype:movies", list[items.Hit]()
        for page in range(1, MOST_MEMBERS // _ROWS + 2):
            hits, total = self._ask(query, _ROWS, page, "date asc", "identifier asc")
            if total > MOST_MEMBERS:
                raise TooLarge(f"{shown(self._page(identifier))} has more than {MOST_MEMBERS} films.")
            found += hits
            if not hits or len(found) >= total:
                break
        return found[:MOST_MEMBERS]

    def _seasons(self, identifier: str, found: dict[str, Any], told: Any) -> tuple[SeasonEntry, ...]:
        place = self._page(identifier)
        if _is_collection(told):
            return (SeasonEntry(1, place),)
        films = self._films(found, told)
        counts = Counter(season for season, _number in {(film.season, film.number) for film in films})
        return tuple(SeasonEntry(number, place, count) for number, count in sorted(counts.items()))

    def _films(self, found: dict[str, Any], told: Any) -> list[items.Film]:
        return items.films(found, usual=items.language(items.text(told, "language")))

    def _result(self, hit: items.Hit) -> SearchResult:
        cover = self._cover(hit.identifier)
        return SearchResult(hit.identifier, hit.title, self._page(hit.identifier), hit.year, hit.description, cover)

    def _entry(self, identifier: str, film: items.Film) -> EpisodeEntry:
        return EpisodeEntry(
            season=film.season,
            number=film.number,
            link=self._file(identifier, film.files[0]),
            title=film.title,
            languages=(film.language or self.usual_language,),
            hosts=("direct",),
            guessed=self.guess(film.language),
        )

    def _member(self, number: int, hit: items.Hit) -> EpisodeEntry:
        told = numbering.language_in(hit.title)
        languages = (told or self.usual_language,)
        link = self._page(hit.identifier)
        return EpisodeEntry(1, number, link, hit.title, "", languages, ("direct",), guessed=self.guess(told))

    def _identifier(self, link: str) -> str:
        return link if items.is_identifier(link) else self._place(link)[0]

    def _place(self, link: str) -> tuple[str, str]:
        """Item and file, under this site's present address whatever the link's was."""
        try:
            identifier, name = items.identifier_in(unquote(urlsplit(link).path))
        except ValueError:
            identifier, name = "", ""
        if not identifier:
            raise AddressRefused(f"{shown(link)} is no item of {shown(self.address)}.")
        return identifier, name

    def _page(self, identifier: str) -> str:
        return f"{self.address}/details/{identifier}"

    def _file(self, identifier: str, name: str) -> str:
        return f"{self.address}/download/{identifier}/{quote(name)}"

    def _cover(self, identifier: str) -> str:
        return f"{self.address}/services/img/{identifier}"


def _is_collection(told: Any) -> bool:
    return items.text(told, "mediatype").lower() == "collection"
