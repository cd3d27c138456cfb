"""Videos that only yt-dlp knows how to fetch, where its catalogue lists them."""

from __future__ import annotations

from providers.contracts import Host, Stream, StreamKind
from providers.http import transport


class YtdlpVideo(Host):
    """The link is the video's page; yt-dlp resolves and fetches it in one go."""

    name, display_name = "ytdlp-video", "yt-dlp"
    aliases = ("ytdlp-video",)

    def resolve(self, link: str) -> Stream:
        """Hands the page on. Raises `AddressRefused` for anything but http and https."""
        transport.check_address(link)
        # Without the operator's word, yt-dlp knows better than we do what a site expects.
        agent = {name: value for name, value in self.client.policy.headers.items() if name.lower() == "user-agent"}
        return Stream(link, StreamKind.YTDLP, self.name, agent)
