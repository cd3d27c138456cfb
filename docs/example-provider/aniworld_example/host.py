"""A host whose page names its video in the usual element of HTML."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from providers.contracts import Host, Stream, StreamKind
from providers.exceptions import NotFound, PageNotUnderstood

VIDEO = re.compile(r'<video[^>]*\ssrc="([^"]+)"')


class ExampleHost(Host):
    """On from the start, like every host: nothing is asked of it until a catalogue names it."""

    name = "example-host"
    display_name = "Example host"
    aliases = ("Example Video",)  # how other catalogues label it

    def resolve(self, link: str) -> Stream:
        """The video behind a page, to be fetched within minutes."""
        page = self.client.get(link)
        if "This video was removed" in page.text:
            raise NotFound("The example host no longer has this video.")
        found = VIDEO.search(page.text)
        if not found:
            raise PageNotUnderstood("The example host's page names no video.")
        # Whoever fetches it sends these headers, too.
        return Stream(urljoin(page.url, found[1]), StreamKind.FILE, self.name, headers={"Referer": page.url})
