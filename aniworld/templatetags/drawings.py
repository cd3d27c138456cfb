"""Icons, covers and language marks."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aniworld import recorded

register = template.Library()

_SPRITE = "vendor/lucide-static-1.62.0/icons.svg"
_TINTS = 8
# Under what name media servers and the scan know it (docs/metadata.md).
_POSTER = "poster.jpg"
_WORDS = re.compile(r"[^\W_]+")
_SHORT = {
    "": gettext_lazy("unknown"),
    "German Dub": gettext_lazy("DE dub"),
    "German Sub": gettext_lazy("DE sub"),
    "English Sub": gettext_lazy("EN sub"),
    "English Dub": gettext_lazy("EN dub"),
}
_LONG = {
    "": gettext_lazy("Unknown language"),
    "German Dub": gettext_lazy("German dub"),
    "German Sub": gettext_lazy("German subtitles"),
    "English Sub": gettext_lazy("English subtitles"),
    "English Dub": gettext_lazy("English dub"),
}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A drawing of the sprite; it says nothing to a screen reader, the words beside it do."""
    return _drawn(name, extra, _sprite(settings.STATIC_URL))


@lru_cache(maxsize=8)
def _sprite(_below: str) -> str:
    return static(_SPRITE)


# A page of rows has a thousand of them, and few that differ.
@lru_cache(maxsize=512)
def _drawn(name: str, extra: str, sprite: str) -> SafeString:
    classes = f"icon {extra}".strip()
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', classes, sprite, name
    )


def initials(name: str) -> str:
    """Up to two letters that stand for a title without a picture."""
    words = _WORDS.findall(name) or ["?"]
    return "".join(word[0] for word in words[:2]).upper()


@register.inclusion_tag("parts/cover.html")
def cover(name: str, url: str = "", eager: bool = False) -> dict[str, Any]:
    """The picture at `url` over a card with the title's initials, which stays when the picture does not come."""
    tint = zlib.crc32(name.encode("utf-8", "replace")) % _TINTS
    return {"initials": initials(name), "tint": tint, "url": url, "loading": "eager" if eager else "lazy"}


@register.inclusion_tag("parts/cover.html")
def series_cover(series: Any, eager: bool = False) -> dict[str, Any]:
    """The same for a series: its catalogue's cover, else the poster that is known to lie in its folder."""
    has_one = series.cover_url or _POSTER in series.pictures
    return cover(series.name, reverse("series-cover", args=[series.key]) if has_one else "", eager)


@register.filter
def as_told(text: str | None) -> str:
    """What a worker wrote down, in the language of the page."""
    return recorded.as_told(text or "")


@register.filter
def short_language(language: str) -> str:
    """DE dub, EN sub and so on; one that is none of the four as it is."""
    return str(_SHORT.get(language, language))


@register.filter
def language_name(language: str) -> str:
    """The language in full; one that is none of the four as it is."""
    return str(_LONG.get(language, language))


@register.filter
def ordinal_place(rank: int | None) -> str:
    """Where in the queue: “next”, or “4th in the queue” as the language says it."""
    if rank is None:
        return _("queued")
    return _("next in the queue") if rank == 1 else _("queued, place %d") % rank
