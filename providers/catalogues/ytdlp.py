"""Whatever yt-dlp knows as a playlist, a channel or a feed: a series whose episodes are its videos."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlsplit

from providers import ytdlp_listing
from providers.catalogues import numbering
from providers.catalogues import ytdlp_entries as entries
from providers.contracts import (
    Catalogue,
    EpisodeEntry,
    EpisodeSources,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
)
from providers.exceptions import AddressRefused, NotFound, PageNotUnderstood
from providers.http.answers import shown

# Behind an episode's link: what the list said of it, which its own page need not say again.
_NOTE = "#aniworld:"


class YtdlpCatalogue(Catalogue):
    """Takes pasted links, and can't be searched. With an address it takes the links of that site alone."""

    name = "ytdlp"
    display_name = "yt-dlp playlists"
    needs_address = False
    takes_any_link = True
    may_lack_language = True

    def __init__(self, address: str, client: Any) -> None:
        super().__init__(address, client)
        self._known: dict[str, dict[str, Any]] = {}

    def search(self, query: str) -> list[SearchResult]:  # noqa: ARG002 - the contract's signature
        """Nothing: there is no list of all playlists."""
        return []

    def details(self, link: str) -> SeriesDetails:
        """Runs yt-dlp on the link; lists inside the list are its seasons."""
        found = self._listed(link)
        inner = entries.seasons(found)
        if inner:
            seasons = tuple(SeasonEntry(number, place) for number, (_title, place) in enumerate(inner, start=1))
            known: list[entries.Video] = []
        else:
            known = entries.videos(found, ytdlp_listing.MOST_ENTRIES)
            seasons = (SeasonEntry(1, link, len(known)),)
        if not inner and not known:
            raise PageNotUnderstood(f"{shown(link)} was expected to list videos.")
        return SeriesDetails(
            slug=entries.key_of(link),
            name=(entries.text(found, "title", "channel", "uploader", "id") or shown(link))[:500],
            link=link,
            year=entries.year(known),
            description=entries.text(found, "description"),
            cover_url=entries.cover(found),
            seasons=seasons,
        )

    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """The videos of a list."""
        found = entries.videos(self._listed(season.link), ytdlp_listing.MOST_ENTRIES)
        return [self._entry(season.number, number, video) for number, video in entries.numbered(found)]

    def sources(self, episode_link: str) -> EpisodeSources:
        """The video itself, for yt-dlp to fetch, or for the host of direct links where it is a file."""
        link, _mark, note = episode_link.partition(_NOTE)
        host, _colon, told = note.partition(":")
        if not entries.address(link):
            raise AddressRefused(f"{shown(episode_link)} is no address of a video.")
        language = numbering.language_called(unquote(told))
        source = self.source(language, "direct" if host == "direct" else "ytdlp-video", link)
        return EpisodeSources("", "", (source,))

    def newest(self) -> list[NewEpisode]:
        """Nothing: monitored series are looked up one by one."""
        return []

    def accepts(self, link: str) -> bool:
        """Any address of the web, or those of the site that it is kept to."""
        if self.address:
            return super().accepts(link)
        try:
            parts = urlsplit(link.strip())
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and bool(parts.hostname)

    def key_of(self, link: str) -> str:
        """From the whole address, since lists are often told apart by its query."""
        return entries.key_of(link)

    def check(self) -> None:
        """Whether yt-dlp runs, and the site that it is kept to answers."""
        ytdlp_listing.version()
        if self.address:
            super().check()

    def _listed(self, link: str) -> dict[str, Any]:
        if "/" not in link:
            raise NotFound(f"{link[:80]} is no address; a playlist is added by its link.")
        place = self._own(link)
        if place not in self._known:
            self._known[place] = ytdlp_listing.listing(place, self.client.policy)
        return self._known[place]

    def _own(self, link: str) -> str:
        if not self.accepts(link):
            raise AddressRefused(f"{shown(link)} is no address that {self.display_name} takes.")
        return link.strip()

    def _entry(self, season: int, number: int, video: entries.Video) -> EpisodeEntry:
        language = numbering.language_in(video.title)
        host = "direct" if video.is_file else "ytdlp-video"
        return EpisodeEntry(
            season=season,
            number=number,
            link=f"{video.link}{_NOTE}{host}:{quote(language.value if language else '')}",
            title=video.title[:500],
            languages=(language or self.usual_language,),
            hosts=(host,),
            guessed=self.guess(language),
        )
