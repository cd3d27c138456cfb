"""Which series of TMDB one of the library is, over HTTP: candidates, and a choice among them."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field, StringConstraints

from aniworld.accounts.authentication import admin_only
from aniworld.api_types import Problem
from library import catalog
from library.metadata import choosing, tmdb
from library.metadata.records import LARGEST_ID, Candidate
from library.models import Series
from library.schemas import LoadingName

router = Router(tags=["anime"], auth=admin_only)

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00]*$")]


class CandidateView(Schema):
    """A series of TMDB; `score` from 0 to 1 says how much its titles and year are alike."""

    tmdb_id: int
    name: str
    original_name: str
    year: int | None
    overview: str
    poster_url: str
    score: float
    is_chosen: bool


class MetadataView(Schema):
    """What the series is called elsewhere, and what it may be, best first."""

    key: str
    tmdb_id: int | None
    tvdb_id: int | None
    imdb_id: str
    tmdb_refused: bool
    has_nfo: bool
    candidates: list[CandidateView]


class ChoiceBody(Schema):
    """Which one it is, null for none of them; `overwrite` replaces NFO files and pictures that somebody else made."""

    model_config = ConfigDict(extra="forbid")

    tmdb_id: int | None = Field(ge=1, le=LARGEST_ID)
    overwrite: bool = False


class ChosenView(Schema):
    """The ids it has now; its NFO files and pictures are loaded in the background."""

    key: str
    tmdb_id: int | None
    tvdb_id: int | None
    imdb_id: str
    tmdb_refused: bool
    loading_status: LoadingName


@router.get("/{key}/metadata", response={200: MetadataView, 409: Problem})
def candidates(request: HttpRequest, key: str, query: Words = "") -> dict[str, Any]:
    """Asks TMDB for series that it may be, by its titles or by `query`."""
    series = catalog.find(key)
    found = choosing.candidates(series, query)
    return {**_ids(series), "has_nfo": series.has_nfo, "candidates": [_shown(one, series) for one in found]}


@router.post("/{key}/metadata", response={202: ChosenView, 409: Problem})
def choose(request: HttpRequest, key: str, body: ChoiceBody) -> Status[dict[str, Any]]:
    """Makes it that series of TMDB, or none, and has its NFO files and pictures loaded anew."""
    series = catalog.find(key)
    if body.tmdb_id is None:
        choosing.refuse(series, overwrite=body.overwrite)
    else:
        choosing.choose(series, body.tmdb_id, overwrite=body.overwrite)
    return Status(202, {**_ids(series), "loading_status": series.loading_status})


def _ids(series: Series) -> dict[str, Any]:
    return {name: getattr(series, name) for name in ("key", "tmdb_id", "tvdb_id", "imdb_id", "tmdb_refused")}


def _shown(candidate: Candidate, series: Series) -> dict[str, Any]:
    names = ("tmdb_id", "name", "original_name", "year", "overview", "score")
    values = {name: getattr(candidate, name) for name in names}
    poster = tmdb.picture_address(candidate.poster, "w342")
    return {**values, "poster_url": poster, "is_chosen": candidate.tmdb_id == series.tmdb_id}
