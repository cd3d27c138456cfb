"""Finds the addresses that an embed page plainly declares: pure functions from a page's text. They raise nothing."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborHTMLParser

from providers.catalogues.pages import absolute, json_of, parse

_LONGEST_ADDRESS = 2000
_SCRIPT_REDIRECT = re.compile(
    r"""(?:\blocation(?:\.href)?\s{0,20}=\s{0,20}|\blocation\.(?:replace|assign)\(\s{0,20})["']([^"'\s<>]{1,2000})["']"""
)
_TOKEN = re.compile(r"""[^\s"'`<>()\[\]{},;]+""")
_BASE64 = re.compile(r"""["'`]([A-Za-z0-9+/_-]{16,8000}={0,2})["'`]""")
_MEDIA_ENDING = re.compile(r"\.(?:m3u8|mp4)(?:[?#]|$)", re.IGNORECASE)
_EXPIRY_NAMES = ("expires", "expire", "exp", "e", "validto", "token_expires")


def streams(text: str, base: str) -> list[str]:
    """Addresses in the order in which they are to be tried, each once."""
    page = parse(text)
    found = (absolute(base, given) for given in _declarations(page) if given and len(given) <= _LONGEST_ADDRESS)
    return list(dict.fromkeys(address for address in found if address and address != base))


def script_redirect(text: str, base: str) -> str | None:
    """Where a script sends the visitor at once."""
    for script in _scripts(parse(text)):
        match = _SCRIPT_REDIRECT.search(script)
        address = absolute(base, match[1].replace("\\/", "/")) if match else ""
        if address and address != base:
            return address
    return None


def expiry(url: str) -> datetime | None:
    """When a stream address runs out, where its query says so as a Unix time of the next week."""
    try:
        query = parse_qs(urlsplit(url).query, max_num_fields=100)
    except ValueError:
        return None
    now = datetime.now(UTC)
    for name, values in query.items():
        value = values[0]
        if name.lower() in _EXPIRY_NAMES and re.fullmatch(r"\d{9,11}", value, re.ASCII):
            moment = datetime.fromtimestamp(int(value), UTC)
            if now < moment < now + timedelta(days=7):
                return moment
    return None


def _declarations(page: LexborHTMLParser) -> Iterator[str]:
    for selector, attribute in (
        ("video[src]", "src"),
        ("video source[src], source[src]", "src"),
    ):
        yield from (node.attributes.get(attribute) or "" for node in page.css(selector))
    yield from _content_urls(page)
    for node in page.css("meta[property^='og:video']"):
        if node.attributes.get("property") in ("og:video", "og:video:url", "og:video:secure_url"):
            yield node.attributes.get("content") or ""
    for script in _scripts(page):
        yield from _addresses(script)
        yield from _packed_addresses(script)


def _content_urls(page: LexborHTMLParser) -> Iterator[str]:
    for node in page.css("script[type='application/ld+json']"):
        waiting: list[Any] = [json_of(node.text())]
        for _ in range(200):
            if not waiting:
                break
            value = waiting.pop(0)
            if isinstance(value, list):
                waiting += value[:50]
            elif isinstance(value, dict):
                if isinstance(value.get("contentUrl"), str):
                    yield value["contentUrl"]
                waiting += [inner for inner in value.values() if isinstance(inner, dict | list)]


def _scripts(page: LexborHTMLParser) -> list[str]:
    return [str(node.text()) for node in page.css("script") if node.attributes.get("type") != "application/ld+json"]


def _addresses(text: str) -> Iterator[str]:
    """Addresses of media, plain or as JSON writes them."""
    plain = text.replace("\\/", "/").replace("\\u002F", "/").replace("\\u002f", "/").replace("\\u0026", "&")
    for token in _TOKEN.findall(plain):
        if len(token) > _LONGEST_ADDRESS + 100:
            continue
        start = token.find("http")
        address = token[start:] if start >= 0 else token
        address = address.rstrip("\\")
        if address.startswith(("http://", "https://", "/")) and _MEDIA_ENDING.search(address):
            yield address


def _packed_addresses(text: str) -> Iterator[str]:
    for packed in _BASE64.findall(text):
        padded = packed.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            continue
        yield from _addresses(decoded)
