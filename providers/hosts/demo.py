"""The three hosts of the demo site. They are resolved like any other host."""

from __future__ import annotations

from providers import demo
from providers.hosts.embed import EmbedHost


class _DemoHost(EmbedHost):
    @classmethod
    def usual_address(cls) -> str:
        """The demo site of this process tree."""
        return demo.address()


class DemoFile(_DemoHost):
    """One MP4 file with ranges."""

    name, display_name = "demo-file", "Demo File"


class DemoHLS(_DemoHost):
    """A playlist in two qualities."""

    name, display_name = "demo-hls", "Demo HLS"


class DemoAES(_DemoHost):
    """The same, encrypted with AES-128."""

    name, display_name = "demo-aes", "Demo AES"
