"""Posters of series and of search results, fetched once through the guarded client and served from here.

A browser never asks another site for anything, and nobody can make this one fetch an address of their choice: what is
fetched is the series' own `cover_url`, or an address that this product signed when it showed a search result.
"""

from __future__ import annotations

import threading

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from aniworld.pages import cover_files, folder_pictures
from aniworld.pages.access import signed_in
from aniworld.pages.series import find
from library.metadata import artwork
from providers import registry
from providers.exceptions import ProviderError
from providers.http import IMAGE_LIMIT

_SALT = "aniworld.cover"
_KEPT_BY_BROWSERS = 7 * 86400
# A picture that is not to be had now may be soon.
_MISSED_BY_BROWSERS = 10
# What is fetched at the same time by one process; more would only make strangers' sites slow.
_places = threading.BoundedSemaphore(4)
# Seconds that a request waits for a place. It holds one of the few threads that answer pages.
_PATIENCE = 5.0


def address(provider: str, url: str) -> str:
    """Where this product serves the picture at `url`; "" without one."""
    if not url:
        return ""
    return reverse("cover", args=[signing.dumps([provider, url], salt=_SALT, compress=True)])


def media_type(content: bytes) -> str | None:
    """The type of a raster picture by its first bytes; None for everything else, SVG and HTML included."""
    head = content[:16]
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if head[4:12] in (b"ftypavif", b"ftypavis") else None


def _fetch(provider: str, url: str) -> bytes:
    try:
        content = registry.media_client(provider).get(url, limit=IMAGE_LIMIT).content
    except ProviderError:
        return b""
    return content if media_type(content) else b""


def _fetch_and_keep(provider: str, url: str) -> bytes:
    if not _places.acquire(timeout=_PATIENCE):
        return b""
    try:
        content = cover_files.read(url)  # somebody else may have fetched it meanwhile
        if content is None:
            content = _fetch(provider, url)
            cover_files.write(url, content)
        return content
    finally:
        _places.release()


def picture(provider: str, url: str) -> bytes:
    """The picture's bytes, from the cache or fetched now; empty when there is none to be had now."""
    content = cover_files.read(url)
    return _fetch_and_keep(provider, url) if content is None else content


def _answered(content: bytes) -> HttpResponse:
    kind = media_type(content)
    if kind is None:
        return HttpResponse(status=404, headers={"Cache-Control": f"private, max-age={_MISSED_BY_BROWSERS}"})
    response = HttpResponse(content, content_type=kind)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = f"private, max-age={_KEPT_BY_BROWSERS}, immutable"
    return response


@signed_in
def of_series(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - Django's interface
    """The poster of one series: its catalogue's, else the one in its folder."""
    series = find(key)
    content = picture(series.provider, series.cover_url) if series.cover_url else b""
    return _answered(content or folder_pictures.scaled(series, artwork.POSTER))


@signed_in
def fanart(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - Django's interface
    """The wide picture of one series, from its folder, made small enough for a page."""
    return _answered(folder_pictures.scaled(find(key), artwork.FANART))


@signed_in
def of_result(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001 - Django's interface
    """The poster of a search result that this product showed."""
    try:
        provider, url = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    return _answered(picture(provider, url) if url else b"")
