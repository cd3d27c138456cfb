"""The streaming hosts known by name. Each is the embed-page resolver under a name that catalogues use.

yt-dlp 2026.10.26 has an extractor for none of them; a test says so, and speaks up when that changes.
"""

from __future__ import annotations

from providers.hosts.embed import EmbedHost


class Voe(EmbedHost):
    """VOE and its mirrors."""

    name, display_name = "voe", "VOE"
    aliases = ("voe.sx",)


class Vidoza(EmbedHost):
    """Vidoza."""

    name, display_name = "vidoza", "Vidoza"
    aliases = ("vidoza.net", "videzz")


class Vidmoly(EmbedHost):
    """Vidmoly."""

    name, display_name = "vidmoly", "Vidmoly"
    aliases = ("vidmoly.to", "vidmoly.net")


class Filemoon(EmbedHost):
    """Filemoon."""

    name, display_name = "filemoon", "Filemoon"
    aliases = ("filemoon.sx", "moonplayer", "byse")


class Doodstream(EmbedHost):
    """Doodstream."""

    name, display_name = "doodstream", "Doodstream"
    aliases = ("dood", "doods", "dood.to", "dood.so", "playmogo")


class Streamtape(EmbedHost):
    """Streamtape."""

    name, display_name = "streamtape", "Streamtape"
    aliases = ("streamtape.com", "tape")


class LoadX(EmbedHost):
    """LoadX."""

    name, display_name = "loadx", "LoadX"
    aliases = ("loadx.ws",)


class Luluvdo(EmbedHost):
    """Luluvdo."""

    name, display_name = "luluvdo", "Luluvdo"
    aliases = ("lulu", "luluvdo.com", "lulustream", "luluvid")


class SpeedFiles(EmbedHost):
    """SpeedFiles."""

    name, display_name = "speedfiles", "SpeedFiles"
    aliases = ("speedfiles.net", "speed files")
