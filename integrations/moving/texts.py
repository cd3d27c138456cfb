"""Lists that people bring as text or CSV, in whatever encoding and dialect, and the same way back. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from aniworld.refusals import Invalid

LARGEST_FILE = 5 * 1024 * 1024
MOST_LINES = 10_000
# What a column may be called, in the order in which they are looked for.
_COLUMNS = {
    "link": ("link", "url", "address", "adresse", "links"),
    "title": ("title", "name", "series", "titel", "serie"),
    "year": ("year", "jahr"),
    "monitored": ("monitored", "überwacht"),
    "languages": ("languages", "sprachen"),
    "tmdb_id": ("tmdb_id", "tmdbid"),
    "tvdb_id": ("tvdb_id", "tvdbid"),
    "imdb_id": ("imdb_id", "imdbid"),
}
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 1000


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 with or without a mark, UTF-16 with one, else Latin-1. Raises `Invalid`."""
    if len(content) > LARGEST_FILE:
        raise Invalid(_("The list is larger than %d MB.") % (LARGEST_FILE // 1024 // 1024), "too_large")
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return text


def rows(text: str) -> list[dict[str, str]]:
    """One entry for each line that says something: `link` or `title`, and what else its columns say.

    Lines that begin with # are comments. Raises `Invalid` for too many lines, what is no text, or no CSV.
    """
    if "\0" in text:
        raise Invalid(_("This is no text: it holds NUL characters."), "not_text")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) > MOST_LINES:
        raise Invalid(_("The list has more than %d lines.") % MOST_LINES, "too_many_lines")
    try:
        dialect = _dialect(lines)
        if dialect is None:
            return [_plain(line.strip()) for line in lines]
        cells = list(csv.reader(io.StringIO("\n".join(lines)), dialect))
    except csv.Error as error:
        raise Invalid(_("The list is no CSV: %s.") % error, "not_csv") from None
    names = _header(cells[0]) if cells else {}
    if names:
        return [row for line in cells[1:] if (row := _named(names, line))]
    return [_plain(next((cell.strip() for cell in line if cell.strip()), "")) for line in cells if any(line)]


def written(names: Sequence[str], lines: Iterable[Mapping[str, object]]) -> str:
    """CSV with these columns, which no spreadsheet takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_guarded(line.get(name)) for name in names] for line in lines)
    return out.getvalue()


def _dialect(lines: Sequence[str]) -> type[csv.Dialect] | None:
    """How the cells are separated; None for a plain list."""
    first = lines[0] if lines else ""
    for separator in (";", "\t", ","):
        cells = next(iter(csv.reader([first], delimiter=separator)), [])
        quoted = first.startswith('"') and first.rstrip().endswith('"')
        if _header(cells) or (quoted and len(cells) > 1) or ("://" in cells[0] and len(cells) > 1 if cells else False):
            return type("Found", (csv.excel,), {"delimiter": separator, "strict": True})
    return None


def _header(cells: Sequence[str]) -> dict[int, str]:
    """The columns by their place; empty when none is a name that is known for a link or a title."""
    found: dict[int, str] = {}
    if any("://" in cell for cell in cells):
        return found
    for place, cell in enumerate(cells):
        word = cell.strip().strip('"').casefold().replace(" ", "_")
        name = next((name for name, words in _COLUMNS.items() if word in words), None)
        if name and name not in found.values():
            found[place] = name
    return found if {"link", "title"} & set(found.values()) else {}


def _named(names: Mapping[int, str], cells: Sequence[str]) -> dict[str, str]:
    row = {name: _unguarded(cells[place]) for place, name in names.items() if place < len(cells)}
    row = {name: cell for name, cell in row.items() if cell}
    return row if row.get("link") or row.get("title") else {}


def _plain(text: str) -> dict[str, str]:
    text = _unguarded(text)
    return {"link" if "://" in text.split(" ", 1)[0] else "title": text} if text else {}


def _guarded(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unguarded(cell: str) -> str:
    text = " ".join(cell.split())[:_LONGEST_CELL]
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
