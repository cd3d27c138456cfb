"""Reads a catalogue's list of new episodes: a row per episode and language."""

from __future__ import annotations

import re
from datetime import date

from selectolax.lexbor import LexborNode

from providers.catalogues.pages import clean, language_of_flag, parse, series_slug
from providers.contracts import NewEpisode
from providers.exceptions import PageNotUnderstood
from providers.http.answers import shown

_PLACE = re.compile(r"S(\d{1,4})\s*E(\d{1,4})", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)


def new_episodes(text: str, link: str) -> list[NewEpisode]:
    """Every row that can be read, in the page's order. Raises `PageNotUnderstood` for a page without any list."""
    page = parse(text)
    anchors = [anchor for anchor in page.css("a[href]") if series_slug(anchor.attributes.get("href") or "")]
    if not anchors and not page.css_first("[class*=newEpisode]"):
        raise PageNotUnderstood(f"{shown(link)} was expected to list new episodes with links to /anime/stream/.")
    found = (_row(anchor) for anchor in anchors)
    return list(dict.fromkeys(row for row in found if row))


def _row(anchor: LexborNode) -> NewEpisode | None:
    slug = series_slug(anchor.attributes.get("href") or "")
    name = anchor.css_first("strong")
    around = anchor.parent or anchor
    tag = anchor.css_first("span.listTag") or around.css_first("span.listTag")
    place = _PLACE.search(clean(tag.text())) if tag else None
    flag = anchor.css_first("img.flag, img[data-src]") or around.css_first("img.flag, img[data-src]")
    attributes = flag.attributes if flag else {}
    language = language_of_flag(attributes.get("data-src") or attributes.get("src"))
    if not (slug and name and place and language):
        return None
    day = anchor.css_first("span.elementFloatRight") or around.css_first("span.elementFloatRight")
    return NewEpisode(
        slug=slug,
        name=clean(name.text())[:500],
        season=int(place[1]),
        number=int(place[2]),
        language=language,
        published=_date(clean(day.text())) if day else None,
    )


def _date(text: str) -> date | None:
    match = _DATE.search(text)
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None
