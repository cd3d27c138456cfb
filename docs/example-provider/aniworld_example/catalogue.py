"""A catalogue that answers with JSON.

GET /api/search?q=words          [{"slug": "…", "name": "…", "year": 2012}]
GET /api/series/SLUG             {"name": "…", "year": 2012, "about": "…", "seasons": [1, 2]}
GET /api/series/SLUG/1           [{"number": 1, "title": "…"}]
GET /api/series/SLUG/1/1         {"title": "…", "videos": [{"language": "de", "page": "https://…"}]}
GET /api/new                     [{"slug": "…", "name": "…", "season": 1, "number": 2, "language": "de"}]
"""

from __future__ import annotations

from typing import Any

from providers.contracts import (
    Catalogue,
    EpisodeEntry,
    EpisodeSources,
    Language,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
    Source,
)
from providers.exceptions import PageNotUnderstood

LANGUAGES = {"de": Language.GERMAN_DUB, "de-sub": Language.GERMAN_SUB, "en": Language.ENGLISH_DUB}


class ExampleCatalogue(Catalogue):
    """The operator enters its address in the admin and enables it there."""

    name = "example"
    display_name = "Example"

    def search(self, query: str) -> list[SearchResult]:
        """Series whose title matches."""
        found = self._ask("/api/search", q=query)
        return [SearchResult(row["slug"], row["name"], self._link(row["slug"]), row.get("year")) for row in found]

    def details(self, link: str) -> SeriesDetails:
        """`link` is what `search` answered, or what somebody pasted; a bare slug means the same."""
        slug = link.rstrip("/").rpartition("/")[2]
        row = self._ask(f"/api/series/{slug}")
        seasons = tuple(SeasonEntry(number, f"{self._link(slug)}/{number}") for number in row["seasons"])
        return SeriesDetails(
            slug, row["name"], self._link(slug), row.get("year"), row.get("about", ""), seasons=seasons
        )

    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """Every episode of a season, in order. Titles and languages may be left for `sources` to tell."""
        rows = self._ask(self._path(season.link))
        return [EpisodeEntry(season.number, row["number"], f"{season.link}/{row['number']}") for row in rows]

    def sources(self, episode_link: str) -> EpisodeSources:
        """Where one episode can be had now. What is in no language of ours is left out."""
        row = self._ask(self._path(episode_link))
        videos = [(LANGUAGES.get(video["language"]), video["page"]) for video in row["videos"]]
        sources = [Source(language, "example-host", page) for language, page in videos if language]
        return EpisodeSources(row["title"], "", tuple(sources))

    def newest(self) -> list[NewEpisode]:
        """What the site lists as new: monitoring reads it."""
        rows = [row for row in self._ask("/api/new") if row["language"] in LANGUAGES]
        return [
            NewEpisode(row["slug"], row["name"], row["season"], row["number"], LANGUAGES[row["language"]])
            for row in rows
        ]

    def _link(self, slug: str) -> str:
        return f"{self.address}/series/{slug}"

    def _path(self, link: str) -> str:
        return f"/api/series/{link.partition('/series/')[2]}"

    def _ask(self, path: str, **params: str) -> Any:
        """Raises `PageNotUnderstood` for whatever is not what the head of this file says."""
        answer = self.client.json(f"{self.address}{path}", params=params)
        rows = answer if isinstance(answer, list) else [answer]
        if not all(isinstance(row, dict) for row in rows):
            raise PageNotUnderstood("The example catalogue answers otherwise than it used to.")
        return answer
