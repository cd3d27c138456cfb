"""Each user's own favourites over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from aniworld.accounts.authentication import signed_in, user_of
from aniworld.api_types import Key, Line, Paging, Problem, Text, page
from aniworld.refusals import NotThere
from library import catalog
from library.models import Favorite
from library.models.favorite import FavoriteWords

router = Router(tags=["favorites"], auth=signed_in)


class FavoritesQuery(Paging):
    """Which of them; `q` is looked for in names and own titles."""

    q: Line = ""


class FavoriteBody(Schema):
    """What to change; what is absent stays, a rating of null goes."""

    model_config = ConfigDict(extra="forbid")

    custom_title: Annotated[Line, Field(max_length=500)] = ""
    rating: Annotated[float, Field(ge=0, le=5, multiple_of=0.5)] | None = None
    notes: Text = ""


class BulkBody(Schema):
    """Which series shall be favourites, or no longer."""

    model_config = ConfigDict(extra="forbid")

    keys: list[Key] = Field(min_length=1, max_length=1000)
    is_favorite: bool


class FavoriteSeriesView(Schema):
    """The series in short."""

    key: str
    name: str
    description: str
    cover_url: str


class FavoriteView(Schema):
    """A favourite with what its user says of it."""

    id: int
    key: str
    is_favorite: bool
    custom_title: str
    rating: float | None
    notes: str
    created_at: datetime
    updated_at: datetime
    series: FavoriteSeriesView


class FavoritesPage(Schema):
    """A page of them, newest first."""

    items: list[FavoriteView]
    total: int
    page: int
    limit: int


class CountView(Schema):
    """How many there are."""

    count: int


class IsFavoriteView(Schema):
    """Whether it is one."""

    key: str
    is_favorite: bool


class ChangedView(Schema):
    """How many changed."""

    changed: int


@router.get("", response=FavoritesPage)
def list_favorites(request: HttpRequest, query: Query[FavoritesQuery]) -> dict[str, Any]:
    """A page of the user's favourites."""
    rows = Favorite.objects.of(user_of(request)).select_related("series")
    if query.q:
        rows = rows.filter(Q(series__name__icontains=query.q) | Q(custom_title__icontains=query.q))
    return page(rows, query.page, query.limit, shown)


@router.get("/count", response=CountView)
def count(request: HttpRequest) -> dict[str, int]:
    """How many favourites the user has."""
    return {"count": Favorite.objects.of(user_of(request)).count()}


@router.patch("/bulk", response={200: ChangedView, 404: Problem})
def bulk(request: HttpRequest, body: BulkBody) -> dict[str, int]:
    """Makes all of them favourites, or none of them when one is unknown; likewise the other way."""
    changed = Favorite.objects.put_all(user_of(request), body.keys, is_favorite=body.is_favorite)
    return {"changed": changed}


@router.get("/{key}/status", response=IsFavoriteView)
def status(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Whether the series is a favourite of the user."""
    series = catalog.find(key)
    return {"key": key, "is_favorite": Favorite.objects.of(user_of(request)).filter(series=series).exists()}


@router.post("/{key}", response={200: FavoriteView, 201: FavoriteView})
def add(request: HttpRequest, key: Key) -> Status[dict[str, Any]]:
    """Makes the series a favourite; 200 when it is one already."""
    favorite, is_new = Favorite.objects.put(user_of(request), catalog.find(key))
    return Status(201 if is_new else 200, shown(favorite))


@router.patch("/{key}", response=FavoriteView)
def change(request: HttpRequest, key: Key, body: FavoriteBody) -> dict[str, Any]:
    """Changes what the user says of it."""
    favorite = own(request, key)
    favorite.change(**cast("FavoriteWords", body.model_dump(exclude_unset=True)))
    return shown(favorite)


@router.delete("/{key}", response={204: None})
def drop(request: HttpRequest, key: Key) -> Status[None]:
    """It is no favourite any more."""
    own(request, key).delete()
    return Status(204, None)


def own(request: HttpRequest, key: str) -> Favorite:
    """The user's favourite. Raises `NotThere` for an unknown series, and for one that is none."""
    rows = Favorite.objects.of(user_of(request)).select_related("series")
    favorite = rows.filter(series=catalog.find(key)).first()
    if favorite is None:
        raise NotThere(_("“%s” is not among your favourites.") % key, "no_favorite")
    return favorite


def shown(favorite: Favorite) -> dict[str, Any]:
    """A favourite as the API shows it."""
    names = ("id", "custom_title", "rating", "notes", "created_at", "updated_at")
    series = {name: getattr(favorite.series, name) for name in ("key", "name", "description", "cover_url")}
    values = {name: getattr(favorite, name) for name in names}
    return {**values, "key": favorite.series.key, "is_favorite": True, "series": series}
