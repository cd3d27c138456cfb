"""The library: every series as a poster or as a row, as each user prefers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.api import preferences_of
from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import Preferences
from aniworld.pages import scan
from aniworld.pages.access import members
from aniworld.pages.shelf import MARKS, Wanted, catalogues, falls, shelf, totals
from aniworld.paging import page_of
from library.models import Series
from providers.contracts import LANGUAGES

POSTERS_A_PAGE = 60
ROWS_A_PAGE = 100
MARK_WORDS = {
    "missing": _("Missing"),
    "monitored": _("Monitored"),
    "favorite": _("Favourites"),
    "loading": _("Loading"),
    "failed": _("Failed"),
}
# Not shown while nothing is so.
_SELDOM = ("loading", "failed")
ORDERS = (
    ("name", _("By title")),
    ("newest", _("Newest first")),
    ("missing", _("Most missing")),
    ("year", _("By year")),
    ("episodes", _("Most episodes")),
    ("size", _("Largest")),
)
COLUMNS = (
    ("name", _("Title"), "title"),
    ("status", _("Status"), "status"),
    ("episodes", _("Episodes"), "episodes"),
    ("missing", _("Missing"), "missing"),
    ("size", _("Size"), "size"),
    ("", _("Catalogue"), "catalogue"),
    ("newest", _("Added"), "added"),
)


@dataclass(frozen=True)
class MarkLink:
    """A mark that can be asked for or no longer, and how many series have it."""

    name: str
    words: Any
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class Column:
    """A column of the table: the address that sorts by it ("" where nothing does), its order now as in `aria-sort`."""

    name: str
    words: Any
    address: str
    order: str


def _marks(wanted: Wanted, counts: dict[str, int]) -> list[MarkLink]:
    shown = [mark for mark in MARKS if mark not in _SELDOM or counts[mark] or mark in wanted.marks]
    return [
        MarkLink(mark, MARK_WORDS[mark], counts[mark], wanted.switched(mark), mark in wanted.marks) for mark in shown
    ]


def _column(wanted: Wanted, sort: str, words: Any, name: str) -> Column:
    is_sorted = bool(sort) and wanted.sort.removeprefix("-") == sort
    # A second press turns the order round.
    address = wanted.address(sort=f"-{sort}" if wanted.sort == sort else sort) if sort else ""
    order = ("descending" if falls(wanted.sort) else "ascending") if is_sorted else ""
    return Column(name, words, address, order)


def _filters(wanted: Wanted) -> dict[str, Any]:
    """What the fields of the filter offer."""
    return {
        "orders": ORDERS,
        "statuses": Series.Status.choices,
        "languages": LANGUAGES,
        "catalogues": catalogues(),
        "narrowed_count": sum(bool(one) for one in (wanted.status, wanted.language, wanted.provider)),
    }


def _rows(request: HttpRequest, wanted: Wanted) -> dict[str, Any]:
    """One page of rows, the address that brings these very rows up to date, and the one of the next."""
    preferences = preferences_of(user_of(request))
    is_table = preferences.library_view == Preferences.LibraryView.TABLE
    count = ROWS_A_PAGE if is_table else POSTERS_A_PAGE
    page = page_of(shelf(wanted, user_of(request)), count, request.GET.get("page"))
    return {
        "wanted": wanted,
        "series": page.object_list,
        "page": page,
        "is_table": is_table,
        "is_compact": preferences.density == Preferences.Density.COMPACT,
        "rows_address": reverse("library-rows") + wanted.address(page.number),
        "before": wanted.address(page.number - 1),
        "after": wanted.address(page.number + 1),
        "catalogue_names": dict(catalogues()) if is_table else {},
    }


def _shown(request: HttpRequest) -> dict[str, Any]:
    wanted = Wanted.of(request.GET)
    counts = totals(user_of(request))
    return {
        **_rows(request, wanted),
        "totals": counts,
        "marks": _marks(wanted, counts),
        "columns": [_column(wanted, *column) for column in COLUMNS],
        "query": wanted.query,
        "part_address": reverse("library-part") + wanted.address(),
    }


@members
def index(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    shown = _shown(request)
    return render(request, "pages/library.html", {**shown, **_filters(shown["wanted"]), **scan.shown(request)})


@members
def part(request: HttpRequest) -> HttpResponse:
    """Everything below the head, for the fields of the filter."""
    shown = _shown(request)
    typed = "typed" in request.GET
    response = render(request, "parts/library.html", shown | {"typed": typed})
    if typed:
        # The address of the page keeps up with what was typed, so that a reload shows the same.
        response["HX-Replace-Url"] = reverse("library") + shown["wanted"].address()
    return response


@members
def rows(request: HttpRequest) -> HttpResponse:
    """One page of rows alone; with `more` also what leads on to the next one."""
    shown = _rows(request, Wanted.of(request.GET))
    return render(request, "parts/library/rows.html", shown | {"with_more": "more" in request.GET})


@members
def marks(request: HttpRequest) -> HttpResponse:
    """The marks with their counts."""
    wanted = Wanted.of(request.GET)
    context = {"marks": _marks(wanted, totals(user_of(request))), "wanted": wanted}
    return render(request, "parts/library/marks.html", context)


@members
def count(request: HttpRequest) -> HttpResponse:
    """How many series there are, alone."""
    return render(request, "parts/library/count.html", {"count": Series.objects.live().count()})
