"""Reads what the Internet Archive's search and metadata APIs answer: pure functions from JSON to data.

Formats: https://archive.org/developers/md-read.html and https://archive.org/advancedsearch.php. Whatever is not
essential may be missing, and a value may be a text or a list of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from providers.catalogues import numbering
from providers.catalogues.pages import clean
from providers.contracts import Language
from providers.exceptions import Blocked, NotFound, PageNotUnderstood

MOST_FILES = 5000
_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.-]{0,159}", re.ASCII)
_LINK_PATH = re.compile(r"/(?:details|download|metadata|embed|stream)/([^/]+)(?:/(.+))?", re.DOTALL)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MARKUP = re.compile(r"<[^<>]{0,300}>")
# The better first. What has no place here is no video that could be fetched and checked.
_SUFFIXES = (".mp4", ".mkv", ".m4v", ".mov", ".webm", ".avi", ".ts")
_GERMAN, _ENGLISH, _JAPANESE = ("ger", "deu", "de", "german"), ("eng", "en", "english"), ("jpn", "ja", "japanese")


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of a search."""

    identifier: str
    title: str
    year: int | None
    description: str


@dataclass(frozen=True, slots=True)
class Film:
    """One video of an item with all the files that hold it, the better first. `title` is empty where none is told."""

    season: int
    number: int
    title: str
    files: tuple[str, ...]
    language: Language | None


def identifier_in(path: str) -> tuple[str, str]:
    """The item and the file that a path of the site names; empty where it names none."""
    match = _LINK_PATH.fullmatch(path)
    if match is None or not is_identifier(match[1]):
        return "", ""
    return match[1], match[2] or ""


def is_identifier(text: str) -> bool:
    """Whether it could be an item's."""
    return _IDENTIFIER.fullmatch(text) is not None


def hits(found: Any, asked: str) -> tuple[list[Hit], int]:
    """The rows of a search, and how many there are in all. `asked` names the address."""
    response = found.get("response") if isinstance(found, dict) else None
    docs = response.get("docs") if isinstance(response, dict) else None
    if not isinstance(docs, list):
        raise PageNotUnderstood(f"{asked} was expected to answer with response.docs.")
    total = response.get("numFound") if isinstance(response, dict) else 0
    rows = [_hit(doc) for doc in docs[:1000] if isinstance(doc, dict)]
    return [row for row in rows if row], total if isinstance(total, int) else 0


def metadata(found: Any, asked: str) -> Mapping[str, Any]:
    """An item's metadata. Raises `NotFound` for one that is not there, and `Blocked` for one that is not open."""
    if found == {}:
        raise NotFound(f"{asked} does not exist.")
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise PageNotUnderstood(f"{asked} was expected to answer with metadata.")
    if found.get("is_dark") is True:
        raise NotFound(f"{asked} was taken out of public view.")
    told: Mapping[str, Any] = found["metadata"]
    if text(told, "access-restricted-item").lower() == "true":
        raise Blocked(f"{asked} is lent to signed-in users only.")
    return told


def films(found: Mapping[str, Any], *, usual: Language | None = None) -> list[Film]:
    """The videos of an item. Those that were made from one original belong together."""
    listed = found.get("files")
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in listed[:MOST_FILES] if isinstance(listed, list) else ():
        name = text(entry, "name") if isinstance(entry, dict) else ""
        if _is_open_video(entry, name):
            groups.setdefault(_stem(text(entry, "original") or name), []).append(entry)
    told = {stem: numbering.number_in(f"{PurePosixPath(stem).name}.mp4") for stem in groups}
    ordered = sorted(groups, key=numbering.natural)
    if not any(told.values()):
        told = {stem: numbering.Numbered(None, number) for number, stem in enumerate(ordered, start=1)}
    return [_film(groups[stem], place, usual) for stem in ordered if (place := told[stem])]


def text(found: Any, name: str) -> str:
    """One value as a line of text; of several the first."""
    value = found.get(name) if isinstance(found, dict) else None
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, str | int)), "")
    return clean(str(value)) if isinstance(value, str | int | float) else ""


def texts(found: Any, name: str) -> list[str]:
    """All values of one that may be a list, or a text with semicolons."""
    value = found.get(name) if isinstance(found, dict) else None
    parts: Iterable[Any] = value if isinstance(value, list) else str(value or "").split(";")
    return [line for part in parts if isinstance(part, str) and (line := clean(part)[:100])]


def description(found: Any) -> str:
    """Without its markup."""
    return clean(_MARKUP.sub(" ", text(found, "description")))


def year(found: Any) -> int | None:
    """From whichever field says it."""
    for name in ("year", "date"):
        match = _YEAR.search(text(found, name))
        if match:
            return int(match[0])
    return None


def language(told: str) -> Language | None:
    """Which of ours the archive's word for a language is. What is spoken in Japanese is taken for subtitled."""
    word = told.strip().casefold()
    for words, meant in ((_GERMAN, Language.GERMAN_DUB), (_ENGLISH, Language.ENGLISH_DUB)):
        if word in words:
            return meant
    return Language.ENGLISH_SUB if word in _JAPANESE else None


def _hit(doc: Mapping[str, Any]) -> Hit | None:
    identifier, title = text(doc, "identifier"), text(doc, "title")
    if not is_identifier(identifier):
        return None
    return Hit(identifier, (title or identifier)[:500], year(doc), description(doc))


def _is_open_video(entry: Mapping[str, Any], name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    parts = PurePosixPath(name).parts
    is_safe = bool(parts) and ".." not in parts and not name.startswith("/") and name.isprintable() and len(name) < 500
    return suffix in _SUFFIXES and is_safe and text(entry, "private").lower() != "true"


def _film(entries: list[Mapping[str, Any]], place: numbering.Numbered, usual: Language | None) -> Film:
    ordered = sorted(entries, key=_worth)
    names = tuple(text(entry, "name") for entry in ordered)
    title = next((line for entry in ordered if (line := text(entry, "title"))), "") or place.title
    told = numbering.language_in(PurePosixPath(names[0]).name) or usual
    return Film(1 if place.season is None else place.season, place.number, title[:500], names[:10], told)


def _worth(entry: Mapping[str, Any]) -> tuple[int, int, int]:
    """MP4 before others; of the same kind the original, then the larger one."""
    suffix = PurePosixPath(text(entry, "name")).suffix.lower()
    size = text(entry, "size")
    is_derived = text(entry, "source").lower() != "original"
    return _SUFFIXES.index(suffix), int(is_derived), -(int(size) if size.isdecimal() and len(size) < 19 else 0)


def _stem(name: str) -> str:
    """Derivatives of `a.mkv` are `a.mp4` and `a.ia.mp4`, or name it as their original."""
    stem = name.rpartition(".")[0] or name
    return stem.removesuffix(".ia").removesuffix("_512kb")
