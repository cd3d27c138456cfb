"""The shapes that values of the environment may have. Each function answers the value or raises ValueError."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import parse_qsl, urlencode, urlsplit

Network = IPv4Network | IPv6Network

_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_PATH = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


def _demand(is_so: bool, text: str) -> None:
    if not is_so:
        raise ValueError(text)


def network(text: str) -> Network:
    """An address, or a network such as 10.0.0.0/8; bits behind the prefix do not matter."""
    return ip_network(text, strict=False)


def zone(text: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        zoneinfo.ZoneInfo(text)
    except (KeyError, OSError):
        raise ValueError(text) from None
    return text


def host(text: str) -> str:
    """`host` or `host:port`; an IPv6 address bare, or in brackets, which it needs before a port."""
    if text.count(":") > 1 and not text.startswith("["):
        return str(IPv6Address(text))
    parts = urlsplit(f"//{text}")
    name = parts.hostname or ""
    _demand(parts.netloc == text and "@" not in text and not text.endswith(":"), text)
    # Reading the port checks its range.
    _demand(parts.port is None or parts.port > 0, text)
    if text.startswith("["):
        IPv6Address(name)
    else:
        _demand(_NAME.fullmatch(name) is not None, text)
    return text


def host_name(text: str) -> str:
    """A name or address without a port, such as a browser asks for; `.name` is all below it as well, `*` any."""
    bare = text.removeprefix(".")
    if text != "*":
        _demand(urlsplit(f"//{host(bare)}").port is None, text)
    return text


def origin(text: str) -> str:
    """`https://host` or `http://host`, a port or nothing behind it; `*.` may stand before the host."""
    scheme, sign, place = text.partition("://")
    _demand(sign != "" and scheme.lower() in ("http", "https"), text)
    host(place.removeprefix("*."))
    return text


def web_address(text: str) -> str:
    """The address of a page or service: http or https, a host, a port and a path or nothing behind it."""
    parts = urlsplit(text)
    _demand(parts.scheme in ("http", "https") and not parts.query and not parts.fragment, text)
    host(parts.netloc)
    _demand(re.search(r"[\s\x00-\x1f\"<>\\]", text) is None, text)
    return text


def base_path(text: str) -> str:
    """A path without the slashes around it, of letters, digits and `._~-`; "" for just a slash."""
    inner = text.strip("/")
    _demand(inner == "" or _PATH.fullmatch(inner) is not None, text)
    return inner


def redis_url(text: str) -> str:
    """The address of a Redis."""
    parts = urlsplit(text)
    has_place = parts.path not in ("", "/") if parts.scheme == "unix" else bool(parts.hostname)
    _demand(parts.scheme in ("redis", "rediss", "unix") and has_place, text)
    # Reading the port checks its range.
    _demand(parts.port != 0, text)
    return text


def with_options(url: str, options: Mapping[str, str]) -> str:
    """The address with these options behind it, as far as it does not have them; "" stays ""."""
    if not url:
        return ""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    return parts._replace(query=urlencode({**options, **given})).geturl()
