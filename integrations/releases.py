"""What a media manager takes for a release: its name, the hash that names it in calls, and the magnet that carries it.

Nothing of it exists as a torrent. The hash is made from what it stands for (catalogue, key, season, episode, language),
and the magnet says the same in parameters of our own, so that whoever brings one back needs no memory of ours.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlsplit

from django.utils.translation import gettext as _

from aniworld.api_types import LARGEST_INTEGER
from aniworld.refusals import Invalid
from library import catalog
from providers.contracts import Language

GROUP = "ANIWORLD"
LONGEST_NAME = 200
LONGEST_MAGNET = 4000
HASH = re.compile(r"[0-9a-f]{40}")
# What managers read the audio from: of a sub that is Japanese, and “German” in it would make them believe in a dub.
_TAGS = {
    Language.GERMAN_DUB: "German.Dub",
    Language.GERMAN_SUB: "Japanese.GerSub",
    Language.ENGLISH_SUB: "Japanese.EngSub",
    Language.ENGLISH_DUB: "English.Dub",
}
QUALITIES = ("1080p", "720p", "480p", "360p", "2160p")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_APOSTROPHES = re.compile("['\u2019\u2018`\u00b4]")
_NOTHING = "Untitled"


@dataclass(frozen=True, slots=True)
class Release:
    """An episode in one language, or with `episode` None all of a season. `key` is the catalogue's own of the series.

    `named` is the number in names, where a film is counted there as another special; `name` what the series is called.
    """

    provider: str
    key: str
    season: int
    episode: int | None
    language: Language
    name: str
    quality: str = QUALITIES[0]
    named: int | None = None

    @property
    def info_hash(self) -> str:
        """40 lower-case hex digits, the same for the same release whatever it is called."""
        of = (self.provider, self.key, str(self.season), "" if self.episode is None else str(self.episode))
        text = "\n".join((*of, self.language.value))
        return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()

    @property
    def title(self) -> str:
        """As releases are called: `Title.S01E05.German.Dub.1080p.WEB.H264-ANIWORLD`."""
        return self.titled(self.episode, self.named)

    def titled(self, episode: int | None, named: int | None = None) -> str:
        """The name of one episode of it."""
        number = "" if episode is None else f"E{named if named is not None else episode:02d}"
        place = f"S{self.season:02d}{number}"
        return f"{dotted(self.name)}.{place}.{_TAGS[self.language]}.{self.quality}.WEB.H264-{GROUP}"

    def magnet(self, size: int = 0) -> str:
        """The link that brings it back. Values are percent-encoded: some readers take an `=` in one for an error."""
        values = {"dn": self.title, "xl": str(size) if size else "", "x.cat": self.provider, "x.key": self.key}
        values |= {"x.season": str(self.season), "x.lang": self.language.value, "x.name": self.name}
        values |= {"x.quality": self.quality}
        if self.episode is not None:
            values["x.ep"] = str(self.episode)
        if self.named is not None:
            values["x.named"] = str(self.named)
        given = "".join(f"&{name}={quote(value, safe='')}" for name, value in values.items() if value)
        return f"magnet:?xt=urn:btih:{self.info_hash}{given}"


def of_magnet(link: str) -> Release:
    """What a magnet of ours stands for. Raises `Invalid` for any other link, and for one whose hash is another's."""
    link = link.strip()
    try:
        parts = urlsplit(link) if len(link) <= LONGEST_MAGNET else None
        values = dict(parse_qsl(parts.query, max_num_fields=50)) if parts and parts.scheme == "magnet" else {}
    except ValueError:
        values = {}
    if "x.cat" not in values or "x.key" not in values:
        raise Invalid(_("Only magnets of Aniworld's own indexer can be added."), "foreign_magnet")
    release = _understood(values)
    if values.get("xt", "").lower() != f"urn:btih:{release.info_hash}":
        raise Invalid(_("The magnet's hash does not belong to what it names."), "wrong_hash")
    return release


def _understood(values: dict[str, str]) -> Release:
    provider, key, name = values["x.cat"], values["x.key"], one_line(values.get("x.name", ""))
    languages = {language.value: language for language in Language}
    language = languages.get(values.get("x.lang", ""))
    season, episode = number(values.get("x.season", "")), number(values.get("x.ep", ""))
    whole = season is not None and (episode is not None or "x.ep" not in values)
    plain = provider.isascii() and provider.isprintable() and len(provider) <= 64 and catalog.is_slug(key)
    if language is None or not whole or not plain or season is None:
        raise Invalid(_("The magnet names no episode of a catalogue."), "unreadable_magnet")
    quality = values.get("x.quality", "")
    return Release(
        provider,
        key,
        season,
        episode,
        language,
        name or key,
        quality if quality in QUALITIES else QUALITIES[0],
        number(values.get("x.named", "")),
    )


def number(text: str) -> int | None:
    """A number as episodes have them; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return int(text) if int(text) <= LARGEST_INTEGER else None


def one_line(text: str) -> str:
    """Foreign text in one line, without what no name holds."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[:1000]).split())[:LONGEST_NAME]


def dotted(name: str) -> str:
    """`The Clockmaker's Lighthouse` as `The.Clockmakers.Lighthouse`; letters of all writings stay."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFC", name[:1000]))
    words = _BETWEEN_WORDS.sub(".", plain).strip(".")
    return words[:LONGEST_NAME].strip(".") or _NOTHING


@lru_cache(maxsize=50_000)
def compared(name: str) -> str:
    """A title as it is compared: without accents, case, punctuation, the article before it and the year behind it."""
    text = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name.casefold().replace("ß", "ss")))
    letters = "".join(one for one in text if not unicodedata.combining(one))
    words = _BETWEEN_WORDS.sub(" ", letters.replace("&", " and ")).split()
    if len(words) > 1 and re.fullmatch(r"(19|20)\d\d", words[-1]):
        words = words[:-1]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words)
