"""The library: every series as a poster."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import User
from aniworld.pages import scan
from aniworld.pages.access import members
from library.models import Episode, Favorite, Series, SeriesQuerySet

POSTERS_A_PAGE = 60
FILTERS = ("missing", "loading", "failed", "favorite")
SORTS = {"name": ("name", "id"), "newest": ("-created_at", "-id"), "year": ("-year", "name", "id")}
LONGEST_QUERY = 200


def _count_of(episodes: QuerySet[Episode]) -> Coalesce:
    """A count of each row's own episodes, worked out for the rows shown only."""
    counted = episodes.filter(series=OuterRef("pk")).order_by().values("series").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _missing() -> Exists:
    return Exists(Episode.objects.filter(series=OuterRef("pk"), is_downloaded=False))


def _favorite(user: User) -> Exists:
    return Exists(Favorite.objects.filter(series=OuterRef("pk"), user=user))


def _loading() -> Q:
    return ~Q(loading_status__in=(Series.Loading.COMPLETED, Series.Loading.FAILED))


def _failed() -> Q:
    return Q(loading_status=Series.Loading.FAILED)


def _condition(chosen: str, user: User) -> Q:
    conditions = {
        "missing": Q(_missing()),
        "loading": _loading(),
        "failed": _failed(),
        "favorite": Q(_favorite(user)),
    }
    return conditions.get(chosen, Q())


def words_of(request: HttpRequest) -> str:
    """The `q` of the address, without what no database takes."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]


def matching(query: str) -> SeriesQuerySet:
    """Live series whose title holds every word of `query`."""
    found = Series.objects.live()
    for word in query.split()[:10]:
        found = found.filter(name__icontains=word)
    return found


def shelf(user: User, query: str, chosen: str, sort: str) -> QuerySet[Series]:
    """The series that a search, a filter and an order ask for, with their counts."""
    return (
        matching(query)
        .filter(_condition(chosen, user))
        .annotate(
            episode_count=_count_of(Episode.objects.all()),
            present_count=_count_of(Episode.objects.filter(is_downloaded=True)),
            missing_count=F("episode_count") - F("present_count"),
            is_favorite=_favorite(user),
        )
        .order_by(*SORTS[sort])
    )


def _totals(user: User) -> dict[str, int]:
    return Series.objects.live().aggregate(
        all=Count("pk"),
        missing=Count("pk", filter=_missing()),
        loading=Count("pk", filter=_loading()),
        failed=Count("pk", filter=_failed()),
        favorite=Count("pk", filter=_favorite(user)),
    )


def _address(chosen: str, sort: str, query: str, page: int = 1) -> str:
    parts = {"q": query, "filter": chosen, "sort": sort if sort != "name" else "", "page": page if page > 1 else ""}
    asked = {name: value for name, value in parts.items() if value}
    return f"?{urlencode(asked)}" if asked else ""


def _shown(request: HttpRequest) -> dict[str, Any]:
    user = user_of(request)
    chosen = request.GET.get("filter", "")
    sort = request.GET.get("sort", "name")
    chosen, sort = (chosen if chosen in FILTERS else ""), (sort if sort in SORTS else "name")
    query = words_of(request)
    page: Page[Series] = Paginator(shelf(user, query, chosen, sort), POSTERS_A_PAGE).get_page(request.GET.get("page"))
    here = _address(chosen, sort, query, page.number)
    return {
        "series": page.object_list,
        "page": page,
        "totals": _totals(user),
        "query": query,
        "chosen": chosen,
        "sort": sort,
        "part_address": reverse("library-part") + here,
        "before": _address(chosen, sort, query, page.number - 1),
        "after": _address(chosen, sort, query, page.number + 1),
    }


@members
def index(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/library.html", {**_shown(request), **scan.shown(request)})


@members
def part(request: HttpRequest) -> HttpResponse:
    """The posters alone, for the filter field and for live changes."""
    shown = _shown(request)
    response = render(request, "parts/library.html", shown)
    if "typed" in request.GET:
        # The address of the page keeps up with what was typed, so that a reload shows the same.
        response["HX-Replace-Url"] = reverse("library") + shown["part_address"].removeprefix(reverse("library-part"))
    return response
