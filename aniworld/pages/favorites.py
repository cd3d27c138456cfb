"""The favourites of a user: own titles, ratings and notes."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import User
from aniworld.pages import feedback
from aniworld.pages.access import action, came_from, members
from aniworld.pages.series import find
from aniworld.pages.shelf import words_of
from aniworld.paging import page_of
from aniworld.refusals import Invalid
from downloads import favorites as changing
from library.models import Episode, Favorite
from library.models.favorite import FavoriteQuerySet

CARDS_A_PAGE = 24
LONGEST_TITLE = 500
LONGEST_NOTES = 10_000
SORTS = {
    "newest": ("-created_at", "-id"),
    "rating": (F("rating").desc(nulls_last=True), "-created_at", "-id"),
    "name": ("series__name", "id"),
}
SORT_WORDS = (
    ("newest", gettext_lazy("Newest first")),
    ("rating", gettext_lazy("Best first")),
    ("name", gettext_lazy("By title")),
)


def _of(user: User, query: str, sort: str) -> FavoriteQuerySet:
    counted = Episode.objects.filter(series=OuterRef("series")).order_by().values("series")
    missing = counted.filter(is_downloaded=False).annotate(n=Count("pk")).values("n")
    total = counted.annotate(n=Count("pk")).values("n")
    rows = Favorite.objects.of(user).select_related("series")
    for word in query.split()[:10]:
        rows = rows.filter(Q(series__name__icontains=word) | Q(custom_title__icontains=word) | Q(notes__icontains=word))
    return rows.annotate(
        missing_count=Coalesce(Subquery(missing), 0), episode_count=Coalesce(Subquery(total), 0)
    ).order_by(*SORTS[sort])


def _address(query: str, sort: str, page: int) -> str:
    said = {"q": query, "sort": sort if sort != "newest" else "", "page": page if page > 1 else ""}
    asked = {name: value for name, value in said.items() if value}
    return f"?{urlencode(asked)}" if asked else ""


def _shown(request: HttpRequest) -> dict[str, Any]:
    user, query = user_of(request), words_of(request)
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "newest"
    page = page_of(_of(user, query, sort), CARDS_A_PAGE, request.GET.get("page"))
    return {
        "favorites": page.object_list,
        "page": page,
        "total": Favorite.objects.of(user).count(),
        "query": query,
        "sort": sort,
        "sorts": SORT_WORDS,
        "part_address": reverse("favorites-part") + _address(query, sort, page.number),
        "before": _address(query, sort, page.number - 1),
        "after": _address(query, sort, page.number + 1),
    }


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/favorites.html", _shown(request))


@members
def part(request: HttpRequest) -> HttpResponse:
    """The cards alone, for the search and for changes."""
    shown = _shown(request)
    response = render(request, "parts/favorites.html", shown)
    if "typed" in request.GET:
        here, page_address = reverse("favorites-part"), reverse("favorites")
        response["HX-Replace-Url"] = page_address + shown["part_address"].removeprefix(here)
    return response


def _back(request: HttpRequest) -> str:
    return came_from(request, reverse("favorites"))


def _rating(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Invalid(_("A rating is 0 to 5 in halves."), "invalid_rating") from None


@action(_back)
def words(request: HttpRequest, key: str) -> HttpResponse:
    """Own title, rating and notes."""
    favorite = Favorite.objects.of(user_of(request)).filter(series=find(key)).first()
    if favorite is None:
        raise Http404
    said = {name: request.POST.get(name, "").replace("\x00", "") for name in ("custom_title", "notes")}
    title = " ".join(said["custom_title"].split())
    if len(title) > LONGEST_TITLE or len(said["notes"]) > LONGEST_NOTES:
        raise Invalid(_("That is too long: a title has up to 500 characters, a note up to 10,000."))
    rating = _rating(request.POST["rating"]) if "rating" in request.POST else favorite.rating
    favorite.change(custom_title=title, rating=rating, notes=said["notes"].strip())
    return feedback.done(request, _("Saved."), _back(request), ("favorites", "episodes"))


@action(_back)
def drop(request: HttpRequest, key: str) -> HttpResponse:
    """No favourite any more; what was said of it comes back with an undo."""
    series = find(key)
    _count, undo_id = changing.switch(user_of(request), [series], is_favorite=False)
    message = _("“%s” is no favourite any more.") % series
    return feedback.done(request, message, _back(request), ("favorites", "library"), "info", undo_id)
