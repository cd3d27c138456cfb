"""Whether the page that opens a socket is ours: browsers send our cookies along with foreign pages' sockets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.utils.http import is_same_domain

Headers = Sequence[tuple[bytes, bytes]]

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The first header of that (lower-case) name; "" without one."""
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def own_origin(headers: Headers) -> bool:
    """Whether `Origin` is the very host that was asked, or one of `CSRF_TRUSTED_ORIGINS`.

    `ALLOWED_HOSTS` alone is no list of origins: `*` there would let every page of the web in. Without an `Origin`
    nothing is known, so the answer is no.
    """
    origin = _split(header(headers, b"origin"))
    if origin is None:
        return False
    return _is_asked_host(origin, header(headers, b"host")) or _is_trusted(origin)


def _is_asked_host(origin: SplitResult, host: str) -> bool:
    asked = _split(f"{origin.scheme}://{host}")
    if asked is None or _place(asked) != _place(origin):
        return False
    return validate_host(asked.hostname or "", settings.ALLOWED_HOSTS) or _bracketed_allowed(asked)


def _bracketed_allowed(asked: SplitResult) -> bool:
    return ":" in (asked.hostname or "") and validate_host(f"[{asked.hostname}]", settings.ALLOWED_HOSTS)


def _is_trusted(origin: SplitResult) -> bool:
    for text in settings.CSRF_TRUSTED_ORIGINS:
        trusted = _split(text.replace("://*.", "://."))
        if trusted is None or (trusted.scheme, _port(trusted)) != (origin.scheme, _port(origin)):
            continue
        if is_same_domain(origin.hostname or "", trusted.hostname or ""):
            return True
    return False


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        return parts if parts.scheme in _DEFAULT_PORTS and parts.hostname and _port(parts) else None
    except ValueError:
        return None


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def _place(parts: SplitResult) -> tuple[str, int]:
    return (parts.hostname or "", _port(parts))
