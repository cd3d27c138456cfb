"""Finding a series in the library and the catalogues, and adding it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import User
from aniworld.pages import covers, feedback
from aniworld.pages.access import action, members
from aniworld.pages.shelf import LONGEST_QUERY, matching, words_of
from aniworld.refusals import Refused
from aniworld.setup import DEMO_CATALOGUE
from downloads import rescans
from library import catalog, links, lookup
from library.models import Series
from providers.demo.series import all_series
from providers.models import Provider

LIBRARY_HITS = 6
SUGGESTED = 2
MOST_NEAR = 5


@dataclass(frozen=True)
class Added:
    """A series that is in the library now, and what is said of it."""

    key: str
    message: str
    level: str = "success"


def _in_library(query: str) -> list[Series]:
    return list(matching(query).order_by("name", "id")[:LIBRARY_HITS])


def _catalogue_names() -> dict[str, str]:
    return dict(Provider.objects.filter(kind=Provider.Kind.CATALOGUE).values_list("name", "display_name"))


def _enabled() -> set[str]:
    return set(Provider.objects.filter(kind=Provider.Kind.CATALOGUE, enabled=True).values_list("name", flat=True))


def _results(query: str) -> dict[str, Any]:
    """What the catalogues answer; one that failed is a line among `warnings`."""
    try:
        outcome = catalog.search(query)
    except Refused as refusal:
        return {"items": [], "warnings": [str(refusal)]}
    names = _catalogue_names()
    items = [
        {
            "found": item,
            "cover": covers.address(item.provider, item.cover_url),
            "catalogue": names.get(item.provider, item.provider),
        }
        for item in outcome.items
    ]
    warnings = [_warning(warned, names) for warned in outcome.warnings]
    # Only who was answered "nothing" may have mistyped.
    near = [] if items or outcome.unanswered else lookup.near_to(query, "", outcome)
    has_only_demo = not items and _enabled() == {DEMO_CATALOGUE}
    return {
        "items": items,
        "warnings": warnings,
        "near": list(dict.fromkeys(one.name for one in near))[:MOST_NEAR],
        "many": len({one.provider for one in outcome.items}) > 1,
        "suggestions": _demo_titles() if has_only_demo else [],
    }


def _warning(warned: catalog.Warned, names: dict[str, str]) -> str:
    facts = {"catalogue": names.get(warned.provider, warned.provider), "reason": warned.message}
    if warned.code == catalog.NO_ADDRESS:
        return _("%(catalogue)s could not be asked: %(reason)s") % facts
    return _("%(catalogue)s did not answer: %(reason)s") % facts


def _link(query: str, by: User) -> dict[str, Any]:
    """Whether it is a link, where to, and why it leads nowhere: before anything is offered."""
    if not links.is_link(query):
        return {"link": ""}
    try:
        place = links.place_of(query, is_administrator=by.is_staff)
    except Refused as refusal:
        return {"link": "", "link_error": str(refusal)}
    return {
        "link": query,
        "link_series": place.series,
        "link_catalogue": place.catalogue.display_name,
        "link_is_off": place.switched_off is not None,
    }


def _context(query: str, by: User) -> dict[str, Any]:
    """What the page holds around the results."""
    enabled = _enabled()
    return {
        "query": query,
        **_link(query, by),
        "in_library": _in_library(query) if query else [],
        "catalogues": bool(enabled),
        "suggestions": _demo_titles() if DEMO_CATALOGUE in enabled and not query else [],
    }


def _demo_titles() -> list[str]:
    """Two short titles that the demo catalogue knows."""
    return [series.title for series in islice(all_series().values(), SUGGESTED)]


@members
def page(request: HttpRequest) -> HttpResponse:
    """One field; what it finds comes at once without script (`now`), else as a part behind a skeleton."""
    query = words_of(request)
    context = _context(query, user_of(request))
    if query and "now" in request.GET and not context["link"] and "link_error" not in context:
        context |= _results(query) | {"searched": True}
    return render(request, "pages/add.html", context)


@members
def results(request: HttpRequest) -> HttpResponse:
    """The catalogues' answers alone."""
    query = words_of(request)
    found = _results(query) if query else {"items": [], "warnings": []}
    return render(request, "parts/results.html", found | {"query": query, "searched": True})


@members
def at_hand(request: HttpRequest) -> HttpResponse:
    """What the library has by that name, for the sheet that is searched in on phones."""
    query = words_of(request)
    return render(request, "parts/at_hand.html", {"query": query, "series": _in_library(query) if query else []})


def _searched(request: HttpRequest) -> str:
    """What was searched for when a result's form was sent; "" for a pasted link."""
    return request.POST.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]


def _back(request: HttpRequest) -> str:
    """The results that the form stood among."""
    query = _searched(request)
    return reverse("add") + (f"?{urlencode({'q': query, 'now': 1})}" if query else "")


@action(_back)
def add(request: HttpRequest) -> HttpResponse:
    """Adds what a result's form names and stays at the results, or adds a pasted link and goes to the series."""
    named = {name: request.POST.get(name, "").strip() for name in ("provider", "key", "link", "name")}
    try:
        opened = links.open_catalogue(named["link"], by=user_of(request), via="page") if named["link"] else ""
        series = catalog.add(
            link=named["link"],
            key=named["key"],
            provider=named["provider"],
            name=named["name"],
            download="download" in request.POST,
        )
        added = Added(series.key, " ".join([_told_of(request) % series, *_told_of_catalogue(opened)]))
    except catalog.AlreadyThere as refusal:
        added = Added(refusal.key, str(refusal), "info")
    except Refused as refusal:
        if named["key"]:
            raise
        return _wrong_link(request, named["link"], refusal)
    return _told(request, added)


def _told_of(request: HttpRequest) -> str:
    if "download" in request.POST:
        return _("“%s” was added. Its episodes are being loaded, and then all are downloaded.")
    if rescans.queues_missing():
        return _("“%s” was added. Its episodes are being loaded; the next scheduled rescan queues what is missing.")
    return _("“%s” was added. Its episodes are being loaded.")


def _told_of_catalogue(opened: str) -> list[str]:
    return [_("%s was switched on for it.") % opened] if opened else []


def _told(request: HttpRequest, added: Added) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        there = _back(request) if _searched(request) else reverse("series", args=[added.key])
        return feedback.done(request, added.message, there, level=added.level)
    response = render(request, "parts/added.html", {"key": added.key, "focused": True})
    feedback.tell(response, request, added.message, level=added.level, changed=("library",))
    return response


def _wrong_link(request: HttpRequest, link: str, refusal: Refused) -> HttpResponse:
    """The page as it was, with the reason at the field."""
    context = _context(link[:LONGEST_QUERY], user_of(request)) | {"link": "", "link_error": str(refusal)}
    return render(request, "pages/add.html", context, status=refusal.status)
