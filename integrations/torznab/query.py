"""What an indexer is asked for, read from the parameters of the request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from aniworld.api_types import LARGEST_INTEGER
from integrations.releases import compared, number

MOST_ITEMS = 100
SHORTEST_TITLE, LONGEST_QUERY = 2, 150
SERIES, FILMS = frozenset({5000, 5030, 5040, 5070}), frozenset({2000})
_PLACE = re.compile(r"(?i)\bS(\d{1,4})(?:\s*E(\d{1,5}))?$|\b(\d{1,3})x(\d{1,5})$")
_LAST_NUMBER = re.compile(r"(?:^|\s)(\d{1,5})$")
_IMDB = re.compile(r"(?:tt)?(\d{1,12})")


class WrongParameter(Exception):
    """A parameter that can't be understood; the text names it."""


@dataclass(frozen=True, slots=True)
class Query:
    """`words` is the title asked for; `absolute` the number over all seasons that stood behind it or alone.

    `is_elsewhere`: it asks for a place or kind that nothing here has, such as a date or only films of another sort.
    """

    words: str = ""
    tvdb_id: int | None = None
    tmdb_id: int | None = None
    imdb_id: str = ""
    season: int | None = None
    episode: int | None = None
    categories: frozenset[int] = frozenset()
    offset: int = 0
    limit: int = MOST_ITEMS
    is_elsewhere: bool = False

    @property
    def has_ids(self) -> bool:
        """Whether a number of TVDB, TMDB or IMDb is given."""
        return bool(self.tvdb_id or self.tmdb_id or self.imdb_id)

    @property
    def is_open(self) -> bool:
        """Without any criterion: what is new, as RSS and a test ask."""
        return not (self.words or self.has_ids or self.season is not None or self.is_elsewhere)

    @property
    def looked_for(self) -> str:
        """What to ask the catalogues: the words as they came, without the number of an episode behind them."""
        words = self.words if self.season is not None else _LAST_NUMBER.sub("", self.words)
        return words.strip(" -.") if len(words.strip(" -.")) >= SHORTEST_TITLE else ""

    def titles(self) -> list[tuple[str, int | None]]:
        """Title and absolute number that the words may mean, the likelier first: a title may end with a number."""
        words = compared(self.words)
        found = _LAST_NUMBER.search(words)
        readings: list[tuple[str, int | None]] = [(words, None)]
        if found and self.season is None:
            readings.append((words[: found.start()].strip(), int(found[1])))
        return readings


def read(values: Mapping[str, str]) -> Query:
    """The query of a request. Raises `WrongParameter`."""
    words = " ".join("".join(one if one.isprintable() else " " for one in values.get("q", "")[:1000]).split())
    season, is_dated = _season(values.get("season", ""))
    episode, is_odd = _episode(values.get("ep", ""))
    if season is None and (found := _PLACE.search(words)):
        season, episode = int(found[1] or found[3]), _optional(found[2] or found[4])
        words = words[: found.start()].strip(" -.")
    return Query(
        words=words[:LONGEST_QUERY],
        tvdb_id=_id(values, "tvdbid"),
        tmdb_id=_id(values, "tmdbid"),
        imdb_id=_imdb(values.get("imdbid", "")),
        season=season,
        episode=episode,
        categories=_categories(values.get("cat", "")),
        offset=_count(values, "offset", 0, LARGEST_INTEGER),
        limit=min(MOST_ITEMS, _count(values, "limit", MOST_ITEMS, LARGEST_INTEGER)),
        is_elsewhere=is_dated or is_odd,
    )


def _season(text: str) -> tuple[int | None, bool]:
    text = text.strip().lower().removeprefix("s")
    if not text:
        return None, False
    found = number(text)
    if found is None:
        raise WrongParameter(_("season is a number, such as 1 or 00"))
    return found, False


def _episode(text: str) -> tuple[int | None, bool]:
    """Its number, and whether it is a day instead, as programmes of every day have it."""
    text = text.strip().lower().removeprefix("e")
    if not text:
        return None, False
    if re.fullmatch(r"\d{1,2}/\d{1,2}", text):
        return None, True
    found = number(text)
    if found is None:
        raise WrongParameter(_("ep is a number, such as 5"))
    return found, False


def _optional(text: str | None) -> int | None:
    return int(text) if text else None


def _id(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name, "").strip()
    if not text:
        return None
    found = number(text)
    if found is None:
        raise WrongParameter(_("%s is a number") % name)
    return found or None


def _imdb(text: str) -> str:
    text = text.strip().lower()
    if not text:
        return ""
    found = _IMDB.fullmatch(text) if text.isascii() else None
    if found is None:
        raise WrongParameter(_("imdbid is a number, with or without tt before it"))
    return f"tt{found[1]:>07}" if int(found[1]) else ""


def _categories(text: str) -> frozenset[int]:
    """Those that are understood; others are nothing that is here, and no error."""
    parts = [part.strip() for part in text[:1000].split(",")]
    return frozenset(found for part in parts if (found := number(part)) is not None)


def _count(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = values.get(name, "").strip()
    if not text:
        return default
    found = number(text)
    if found is None:
        raise WrongParameter(_("%s is a whole number") % name)
    return min(found, most)
