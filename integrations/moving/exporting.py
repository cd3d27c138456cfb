"""Everything that somebody would take along: links as text and CSV, series with ids and plans as JSON, reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integrations.moving import texts
from integrations.moving.models import ImportLine, ImportRun
from library.models import Series

COLUMNS = ("title", "link", "year", "monitored", "languages", "tmdb_id", "tvdb_id", "imdb_id", "key", "provider")
REPORT_COLUMNS = ("number", "text", "state", "reason", "series", "target")
FORMAT = "aniworld-series-1"


def links_text() -> str:
    """One link a line, as the import takes them; what has no address is a comment."""
    lines = [row["link"] or f"# {row['title']}" for row in _rows()]
    return "\n".join(lines) + "\n" if lines else ""


def links_csv() -> str:
    """The same with titles, ids and wishes."""
    return texts.written(COLUMNS, _rows())


def series_json() -> dict[str, Any]:
    """Every series with ids, plan and whether it is monitored."""
    items = [
        {
            **{name: getattr(series, name) for name in ("key", "name", "provider", "slug", "year", "folder")},
            "link": _link(series),
            "ids": {"tmdb": series.tmdb_id, "tvdb": series.tvdb_id, "imdb": series.imdb_id or None},
            "monitored": series.monitored,
            "language_plan": series.language_plan,
        }
        for series in _live()
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


def _live() -> Iterator[Series]:
    return Series.objects.live().order_by("name", "id").iterator(500)


def _rows() -> Iterator[dict[str, Any]]:
    for series in _live():
        plan = series.language_plan if isinstance(series.language_plan, dict) else {}
        yield {
            "title": series.name,
            "link": _link(series),
            "year": series.year,
            "monitored": "yes" if series.monitored else "no",
            "languages": "|".join(plan.get("order") or []),
            **{name: getattr(series, name) for name in ("tmdb_id", "tvdb_id", "imdb_id", "key", "provider")},
        }


def _link(series: Series) -> str:
    return series.site if "://" in series.site else ""
