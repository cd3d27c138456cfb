"""Arrivals as an Atom or RSS document (RFC 4287, RSS 2.0). Pure: arrivals to XML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.translation import gettext as _

from integrations.feeds.arrivals import Arrival

FORMATS: dict[str, type[Atom1Feed] | type[Rss201rev2Feed]] = {"atom": Atom1Feed, "rss": Rss201rev2Feed}
_LONGEST_PLOT = 1000
# What XML 1.0 can't hold (https://www.w3.org/TR/xml/#charsets), and what turns a line around.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def document(
    arrivals: Sequence[Arrival], format_: str, *, site: str, home: str, page_of: Callable[[str], str]
) -> tuple[bytes, str]:
    """The document and its content type. `home` is our own address, `page_of` that of a series by its key."""
    feed = FORMATS[format_](
        title=_plain(_("%s: arrivals") % site),
        link=home,
        description=_plain(_("Episodes that came into the library, the last one first.")),
        feed_guid="tag:aniworld,2026:arrivals",
    )
    for one in arrivals:
        feed.add_item(
            title=_plain(_title(one)),
            link=page_of(one.key),
            description=_description(one),
            unique_id=one.uid,
            unique_id_is_permalink=False,
            pubdate=one.moment,
            updateddate=one.moment,
            categories=[_plain(language) for language in one.languages],
        )
    return feed.writeString("utf-8").encode(), feed.content_type


def _title(one: Arrival) -> str:
    return f"{one.name} {one.code}" + (f" – {one.title}" if one.title else "")


def _description(one: Arrival) -> str:
    """HTML, in which titles and plots are text."""
    plot = one.plot if len(one.plot) <= _LONGEST_PLOT else f"{one.plot[: _LONGEST_PLOT - 1]}…"
    lines = [", ".join(one.languages), plot]
    return "".join(f"<p>{html.escape(_plain(line))}</p>" for line in lines if line)


def _plain(text: str) -> str:
    return " ".join(_FORBIDDEN.sub("", text).split())
