"""Everything that somebody would take along: links as text and CSV, series with ids and plans as JSON, reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integrations.moving import texts
from integrations.moving.models import ImportLine, ImportRun
from library.models import Series

COLUMNS = ("title", "link", "year", "monitored", "languages", "tmdb_id", "tvdb_id", "imdb_id", "key", "provider")
REPORT_COLUMNS = ("number", "text", "state", "reason", "series", "target")
_IDS = ("tmdb_id", "tvdb_id", "imdb_id")
FORMAT = "aniworld-series-1"


def links_text() -> str:
    """One link a line, as the import takes them; what has no address is a comment."""
    lines = [_link(read["site"]) or f"# {read['name']}" for read in _live("site", "name")]
    return "\n".join(lines) + "\n" if lines else ""


def links_csv() -> str:
    """The same with titles, ids and wishes."""
    return texts.written(COLUMNS, _rows())


def series_json() -> dict[str, Any]:
    """Every series with ids, plan and whether it is monitored."""
    named = ("key", "name", "provider", "slug", "year", "folder")
    items = [
        {
            **{name: read[name] for name in named},
            "link": _link(read["site"]),
            "ids": {"tmdb": read["tmdb_id"], "tvdb": read["tvdb_id"], "imdb": read["imdb_id"] or None},
            "monitored": read["monitored"],
            "language_plan": read["language_plan"],
        }
        for read in _live(*named, "site", *_IDS, "monitored", "language_plan")
    ]
    return {"format": FORMAT, "series": items}


def report(run: ImportRun, *, left_over: bool = False) -> Iterator[dict[str, Any]]:
    """The lines of an import with how each ended; only what did not come over, if wanted."""
    lines = ImportLine.objects.filter(run=run)
    if left_over:
        lines = lines.filter(state__in=ImportLine.LEFT_OVER)
    for line in lines.order_by("number").iterator(500):
        yield {
            "number": line.number,
            "text": line.text,
            "state": str(line.state),
            "reason": line.reason,
            "series": line.series_key,
            "target": line.target,
        }


def report_csv(run: ImportRun, *, left_over: bool = False) -> str:
    """The same as CSV."""
    return texts.written(REPORT_COLUMNS, report(run, left_over=left_over))


def _live(*names: str) -> Iterator[dict[str, Any]]:
    """These columns of each series in order; whole rows of thousands would take most of an export's time."""
    yield from Series.objects.live().order_by("name", "id").values(*names).iterator(500)


def _rows() -> Iterator[dict[str, Any]]:
    kept = (*_IDS, "key", "provider")
    for read in _live("name", "site", "year", "monitored", "language_plan", *kept):
        plan = read["language_plan"] if isinstance(read["language_plan"], dict) else {}
        yield {
            "title": read["name"],
            "link": _link(read["site"]),
            "year": read["year"],
            "monitored": "yes" if read["monitored"] else "no",
            "languages": "|".join(plan.get("order") or []),
            **{name: read[name] for name in kept},
        }


def _link(site: str) -> str:
    return site if "://" in site else ""
