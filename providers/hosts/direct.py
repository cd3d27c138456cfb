"""Plain links to a file or a playlist."""

from __future__ import annotations

from providers.contracts import Host, Stream
from providers.hosts.declared import expiry
from providers.hosts.probe import probe
from providers.http import USER_AGENT


class Direct(Host):
    """The link is the stream."""

    name, display_name = "direct", "Direct link"
    aliases = ("direct", "file", "link")

    def resolve(self, link: str) -> Stream:
        """Asks what is behind the link: a playlist or a file."""
        own = {name.lower(): value for name, value in self.client.policy.headers.items()}
        headers = {"User-Agent": own.get("user-agent", USER_AGENT)}
        return Stream(link, probe(self.client, link, headers), self.name, headers, expiry(link))
