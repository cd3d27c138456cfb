"""A catalogue and three hosts of invented series, served on loopback, so that everything can be tried offline."""

from __future__ import annotations

import os

DEFAULT_PORT = 8765
# The names of its catalogue and hosts.
PROVIDERS = frozenset({"demo", "demo-file", "demo-hls", "demo-aes"})


def port() -> int:
    """The demo site's port in this process tree: `DEMO_SITE_PORT`, else 8765, also when that is no port number."""
    given = os.environ.get("DEMO_SITE_PORT", "")
    return int(given) if given.isascii() and given.isdigit() and 0 < int(given[:6]) < 65536 else DEFAULT_PORT


def authority() -> str:
    """`host:port` of the demo site, which its own providers may reach although it is private."""
    return f"127.0.0.1:{port()}"


def address() -> str:
    """Where the demo site is."""
    return f"http://{authority()}"
