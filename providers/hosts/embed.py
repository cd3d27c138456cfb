"""Resolves the embed page of a streaming host: the stream is where the page plainly declares it, or nowhere."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from providers.contracts import Host, Stream, StreamKind
from providers.exceptions import AddressRefused, PageNotUnderstood, ProviderError, RateLimited
from providers.hosts import declared
from providers.hosts.probe import probe
from providers.http import USER_AGENT, Page
from providers.http.answers import shown

_MOST_CANDIDATES = 12


class EmbedHost(Host):
    """A host whose links lead to a page with a player."""

    # Whether yt-dlp has an extractor for the host; then it gets the page's address.
    known_to_ytdlp: ClassVar[bool] = False

    def resolve(self, link: str) -> Stream:
        """Follows the link to the host's page, and one script redirect, to the first stream that answers."""
        address = self.client.redirect_target(link, {"Referer": _origin(link)})
        if self.known_to_ytdlp:
            return Stream(address, StreamKind.YTDLP, self.name, self._headers(address))
        page = self._page(address, _origin(link))
        candidates = declared.streams(page.text, page.url)
        hop = None if candidates else declared.script_redirect(page.text, page.url)
        if hop:
            page = self._page(hop, _origin(page.url))
            candidates = declared.streams(page.text, page.url)
        if not candidates:
            raise PageNotUnderstood(
                f"{shown(page.url)} was expected to declare a video, as <video>, <source>, contentUrl, og:video "
                "or an .m3u8 or .mp4 address in a script."
            )
        return self._first_that_answers(candidates, page.url)

    def _page(self, address: str, referer: str) -> Page:
        return self.client.get(address, headers={"Referer": referer, "Accept": "text/html,*/*;q=0.8"})

    def _first_that_answers(self, candidates: list[str], page_url: str) -> Stream:
        """The error of the first candidate is the one that tells most."""
        headers = self._headers(page_url)
        first_error: ProviderError | None = None
        for candidate in candidates[:_MOST_CANDIDATES]:
            try:
                kind = probe(self.client, candidate, headers)
            except RateLimited:
                raise
            except ProviderError as error:
                if first_error is None or isinstance(first_error, AddressRefused):
                    first_error = error
            else:
                return Stream(candidate, kind, self.name, headers, declared.expiry(candidate))
        raise first_error or PageNotUnderstood(f"{shown(page_url)} declares no stream.")

    def _headers(self, page_url: str) -> dict[str, str]:
        """What binds the stream to this visit."""
        own = {name.lower(): value for name, value in self.client.policy.headers.items()}
        return {"Referer": _origin(page_url), "User-Agent": own.get("user-agent", USER_AGENT)}


def _origin(url: str) -> str:
    """As browsers tell other sites where they come from: without path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
