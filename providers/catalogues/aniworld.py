"""The catalogue adapter for sites in the aniworld layout. The operator names the address."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from providers.catalogues import pages
from providers.catalogues.new_episodes import new_episodes
from providers.contracts import (
    Catalogue,
    EpisodeEntry,
    EpisodeSources,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
)
from providers.exceptions import AddressRefused, NotFound, PageNotUnderstood, ServerFailed
from providers.http.answers import shown

_SLUG = re.compile(r"[\w.~%-]{1,200}", re.ASCII)
# A search endpoint that is gone or has changed; the next way of searching may still work.
_NO_SUCH_SEARCH = (NotFound, PageNotUnderstood, ServerFailed)


class AniworldCatalogue(Catalogue):
    """Reads series, seasons, episodes and sources from a site's pages."""

    name = "aniworld"
    display_name = "Aniworld"

    def search(self, query: str) -> list[SearchResult]:
        """Asks the older endpoint, then the newer, then the list of all titles: the first that works."""
        for way in (self._search_older, self._search_newer):
            try:
                return way(query)
            except _NO_SUCH_SEARCH:
                continue
        return self._search_titles(query)

    def details(self, link: str) -> SeriesDetails:
        """Accepts a bare slug, and any address of the series, its seasons or episodes."""
        slug = self._slug(link)
        address = f"{self.address}/anime/stream/{slug}"
        page = self.client.get(address)
        if pages.series_slug(page.url) is None:
            # Unknown series are sent to the front page.
            raise NotFound(f"{shown(address)} does not exist.")
        return pages.series_details(page.text, address, slug)

    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """Reads the season's page."""
        link = self._own(season.link)
        return pages.season_episodes(self.client.get(link).text, replace(season, link=link))

    def sources(self, episode_link: str) -> EpisodeSources:
        """Reads the episode's page."""
        link = self._own(episode_link)
        return pages.episode_sources(self.client.get(link).text, link)

    def newest(self) -> list[NewEpisode]:
        """Reads the list of new episodes."""
        address = f"{self.address}/neue-episoden"
        return new_episodes(self.client.get(address).text, address)

    def titles(self) -> list[SearchResult]:
        """Every series of the catalogue."""
        return [result for result, _ in self._all_titles()]

    def _own(self, link: str) -> str:
        """The page under this site's present address: sites move, and stored links must lead nowhere else."""
        path = pages.series_path(link)
        if path is None:
            raise AddressRefused(f"{shown(link)} is no page of {shown(self.address)}.")
        return f"{self.address}{path}"

    def _slug(self, link: str) -> str:
        if _SLUG.fullmatch(link):
            return link
        slug = pages.series_slug(link)
        if slug is None:
            raise NotFound(f"{shown(link)} is no series of {shown(self.address)}.")
        return slug

    def _search_older(self, query: str) -> list[SearchResult]:
        found = self.client.json(f"{self.address}/ajax/seriesSearch", params={"keyword": query})
        return pages.search_results(found, self.address, shown(f"{self.address}/ajax/seriesSearch"))

    def _search_newer(self, query: str) -> list[SearchResult]:
        headers = {"X-Requested-With": "XMLHttpRequest", "Referer": f"{self.address}/search?q={quote(query)}"}
        found = self.client.json(f"{self.address}/ajax/search", data={"keyword": query}, headers=headers)
        return pages.search_results(found, self.address, shown(f"{self.address}/ajax/search"))

    def _search_titles(self, query: str) -> list[SearchResult]:
        wanted = query.casefold().strip()
        return [
            result
            for result, others in self._all_titles()
            if any(wanted in title.casefold() for title in (result.name, *others))
        ][:100]

    def _all_titles(self) -> list[tuple[SearchResult, tuple[str, ...]]]:
        return pages.all_titles(self.client.get(f"{self.address}/animes-alphabet").text, self.address)
