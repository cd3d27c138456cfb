"""What surrounds one request: a fit address, where it redirects, its body within limits, its errors in our words."""

from __future__ import annotations

import re
import time
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions
from urllib3.response import HTTPResponse

from providers.exceptions import AddressRefused, ConnectionFailed, ProviderError, TimedOut, TooLarge
from providers.http.answers import shown
from providers.http.connections import cut_off_after

_LONGEST_ADDRESS = 8192
_PIECE = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNFIT = re.compile(r"[\x00-\x20\x7f]")


def check_address(url: str) -> None:
    """Raises `AddressRefused` for anything but a plain http or https address without credentials."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        credentials = "@" in parts.netloc
    except ValueError:
        raise AddressRefused("That is not a readable address.") from None
    if not usable:
        raise AddressRefused(f"Only http and https addresses are fetched, not {parts.scheme[:20] or 'this'}.")
    if credentials or _UNFIT.search(url) or len(url) > _LONGEST_ADDRESS:
        raise AddressRefused(f"The address at {shown(url).partition('/')[0]} has parts that no provider needs.")


def location(response: HTTPResponse, url: str) -> str | None:
    """The absolute target of a redirect, None for other answers."""
    if response.status not in _REDIRECTS or "Location" not in response.headers:
        return None
    try:
        # Header bytes arrive as Latin-1; servers mean UTF-8.
        given = response.headers["Location"].encode("latin-1", "replace").decode("utf-8", "replace").strip()
        target = urljoin(url, given)
    except ValueError:
        raise AddressRefused(f"{shown(url)} redirects to something that is no address.") from None
    check_address(target)
    return target


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what may see each other's secrets."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def whole_body(response: HTTPResponse, url: str, limit: int, until: float) -> bytes:
    """The unpacked body, read within the time that is left. Raises `TooLarge`, `TimedOut`, `ConnectionFailed`."""
    raw = response
    body = bytearray()
    with cut_off_after(until - time.monotonic(), getattr(raw, "transport", None)) as late:
        try:
            while len(body) <= limit:
                piece = raw.read(min(_PIECE, limit + 1 - len(body)), decode_content=True)
                if not piece:
                    break
                body += piece
        except Exception as error:
            raise late_error(url) if late.is_set() else translated(error, url) from None
    if len(body) > limit:
        raise TooLarge(f"{shown(url)} is larger than {limit} bytes.")
    # A connection that was cut before the body was read ends it at once, before anybody rang.
    if late.is_set() or time.monotonic() > until:
        raise late_error(url)
    return bytes(body)


def late_error(url: str) -> TimedOut:
    """The whole answer did not come within the time limit."""
    return TimedOut(f"{shown(url)} did not answer in time.")


def translated(error: Exception, url: str) -> ProviderError:
    """What a library's error means, without its text, which quotes whole addresses."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return late_error(url)
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return ConnectionFailed(f"The certificate or TLS of {shown(url).partition('/')[0]} is not in order.")
    if isinstance(error, requests.exceptions.InvalidURL | urllib3.exceptions.LocationValueError | UnicodeError):
        return AddressRefused("That is not a readable address.")
    if isinstance(error, requests.exceptions.InvalidHeader):
        return AddressRefused("A header of this provider holds characters that can't be sent.")
    return ConnectionFailed(f"The connection to {shown(url).partition('/')[0]} broke off.")
