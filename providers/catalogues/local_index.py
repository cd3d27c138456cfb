"""An index file of episodes on this machine: JSON or CSV, with paths that can't lead out of its own folder. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from providers.catalogues import numbering
from providers.catalogues.folders import Placed
from providers.catalogues.pages import clean, json_of
from providers.contracts import Language
from providers.exceptions import PageNotUnderstood, TooLarge

LARGEST_INDEX = 5 * 1024 * 1024
MOST_ROWS = 10_000
_LARGEST_NUMBER = 9999


def read(content: bytes, name: str) -> dict[str, list[Placed]]:
    """Series by name, each with its files.

    A row has `series`, `episode` and `file`, and may have `season`, `title` and `language`. Raises `PageNotUnderstood`
    with the number of the first row that is wrong, and `TooLarge`.
    """
    if len(content) > LARGEST_INDEX:
        raise TooLarge(f"{name} is larger than {LARGEST_INDEX} bytes.")
    text = content.decode("utf-8-sig", "replace")
    found: dict[str, list[Placed]] = {}
    for number, row in enumerate(_rows(text, name), start=1):
        if number > MOST_ROWS:
            raise TooLarge(f"{name} has more than {MOST_ROWS} rows.")
        series, placed = _understood(row, f"{name}, row {number}")
        found.setdefault(series, []).append(placed)
    return found


def _rows(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    if name.lower().endswith(".json"):
        listed = json_of(text)
        if not isinstance(listed, list):
            raise PageNotUnderstood(f"{name} was expected to hold a list of episodes.")
        yield from (row if isinstance(row, dict) else {} for row in listed)
        return
    try:
        dialect = csv.Sniffer().sniff(text[:4096], ",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""), dialect=dialect)
    except csv.Error as error:
        raise PageNotUnderstood(f"{name} is no CSV: {error}.") from None


def _understood(row: Mapping[str, Any], where: str) -> tuple[str, Placed]:
    series = clean(_text(row, "series")).replace("/", "-").replace("\\", "-")
    if not series.strip(". "):
        raise PageNotUnderstood(f"{where}: it names no series.")
    path = _safe(_text(row, "file"))
    if path is None:
        raise PageNotUnderstood(f"{where}: “file” must be the path of a video below the index, without “..”.")
    season, number = _number(row, "season", 1), _number(row, "episode", None)
    if season is None or number is None:
        raise PageNotUnderstood(f"{where}: “season” and “episode” must be whole numbers up to {_LARGEST_NUMBER}.")
    told = _text(row, "language")
    language = numbering.language_called(told)
    if told and language is None:
        raise PageNotUnderstood(f"{where}: “language” is one of {', '.join(Language)}.")
    return series[:200], Placed(path, season, number, clean(_text(row, "title"))[:500], language)


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _number(row: Mapping[str, Any], name: str, missing: int | None) -> int | None:
    text = _text(row, name)
    if not text:
        return missing
    return int(text) if text.isascii() and text.isdecimal() and int(text[:6]) <= _LARGEST_NUMBER else None


def _safe(text: str) -> tuple[str, ...] | None:
    """The parts of a path below the index; None for anything else."""
    parts = PurePosixPath(text).parts
    wrong = not parts or text.startswith("/") or "\\" in text or not text.isprintable()
    if wrong or ".." in parts or not numbering.is_video(parts[-1]) or len(text) > 1000:
        return None
    return parts
