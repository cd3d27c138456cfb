"""Where a request comes from, believing forwarded headers only as far as trusted proxies wrote them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address

# Each of them says that somebody stands between.
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via")


def _parse(text: str) -> Address | None:
    """The address of `text`, which may carry a port or brackets; a mapped IPv4 address is unwrapped."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def client_address(peer: str, forwarded_for: str = "") -> str | None:
    """The rightmost address of the chain that is no trusted proxy; None when the peer has none (a Unix socket).

    `peer` is who is connected, `forwarded_for` the X-Forwarded-For header. Garbage in the header ends the walk at
    the last address that was believable.
    """
    address = _parse(peer)
    if address is None:
        return None
    for text in reversed([part for part in forwarded_for.split(",") if part.strip()]):
        if not _trusted(address):
            break
        previous = _parse(text)
        if previous is None:
            break
        address = previous
    return str(address)


def address_of(request: HttpRequest) -> str | None:
    """`client_address` of a request."""
    return client_address(request.META.get("REMOTE_ADDR") or "", request.headers.get("X-Forwarded-For", ""))


def counted_as(address: str | None) -> str:
    """What tries are counted by: of IPv6 the network, since one line has 2^64 addresses to guess from."""
    if address is None or ":" not in address:
        return str(address)
    return str(ip_network(f"{address}/64", strict=False))


def is_loopback(address: str | None) -> bool:
    """True for 127.0.0.0/8 and ::1."""
    return address is not None and ip_address(address).is_loopback


def is_trusted_peer(peer: str) -> bool:
    """Whether `peer`, who is connected, is one of `TRUSTED_PROXIES`."""
    address = _parse(peer)
    return address is not None and _trusted(address)


def is_from_trusted_proxy(request: HttpRequest) -> bool:
    """Whether who sent a request is one of `TRUSTED_PROXIES`."""
    return is_trusted_peer(request.META.get("REMOTE_ADDR") or "")


def has_forwarded(request: HttpRequest) -> bool:
    """Whether a header says that somebody stands between, believable or not."""
    return any(f"HTTP_{name.upper().replace('-', '_')}" in request.META for name in FORWARDED)


def is_direct(request: HttpRequest) -> bool:
    """Whether this machine itself asks, through no proxy, not even through one that nobody declared."""
    peer = _parse(request.META.get("REMOTE_ADDR") or "")
    return peer is not None and peer.is_loopback and not has_forwarded(request)
