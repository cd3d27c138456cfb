"""Series over HTTP: the list, the search, adding, and how the loading goes.

The detail of a series, deleting it and whatever else needs the queue is answered by the app above, with `detail`.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from aniworld.accounts.authentication import acts_as_administrator, admin_only, signed_in, user_of
from aniworld.api_types import Problem, page
from aniworld.refusals import Forbidden, Invalid
from library import catalog, changes, links, listing
from library.models import Series, checked_language_plan
from library.models.series import checked_name
from library.schemas import (
    AddBody,
    AddedView,
    ChangeBody,
    ListQuery,
    LoadingView,
    ReloadBody,
    SearchBody,
    SearchView,
    SeriesPage,
    SummaryView,
)
from providers.models import Provider

router = Router(tags=["anime"])


@router.get("", auth=signed_in, response=SeriesPage)
def list_series(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """A page of the library."""
    _demand_known_catalogue(query.provider)
    wanted = listing.Filter(**query.model_dump(exclude={"page", "limit"}))
    return page(listing.matching(wanted, user_of(request)), query.page, query.limit, listing.summary)


@router.post("/search", auth=signed_in, response=SearchView)
def search(request: HttpRequest, body: SearchBody) -> catalog.SearchOutcome:
    """Asks every enabled catalogue; of a link its own one, also a catalogue that is off where an administrator asks."""
    if links.is_link(body.query):
        return links.look_up(body.query, is_administrator=acts_as_administrator(request))
    return catalog.search(body.query)


@router.post("/add", auth=signed_in, response={202: AddedView, 404: Problem, 409: Problem})
def add(request: HttpRequest, body: AddBody) -> Status[dict[str, Any]]:
    """Adds a series at once; its details are loaded in the background.

    The catalogue of a link that is switched off is switched on where an administrator adds it, and knows it.
    """
    if not body.link and not body.key:
        raise Invalid(_("Name a link, or a key and its provider."), "nothing_named")
    # What is refused has switched nothing on.
    plan = checked_language_plan(body.language_plan.model_dump()) if body.language_plan else None
    name = checked_name(body.name) if body.name else ""
    opened = links.open_catalogue(body.link, by=user_of(request), via="api") if body.link else ""
    series = catalog.add(
        link=body.link,
        key=body.key,
        provider=body.provider,
        name=name,
        monitored=body.monitored,
        language_plan=plan,
        download=body.download == "missing",
    )
    return Status(202, _added(series, opened))


@router.get("/{key}/loading-status", auth=signed_in, response=LoadingView)
def loading_status(request: HttpRequest, key: str) -> dict[str, Any]:
    """How far the loading is."""
    return _loading(catalog.find(key))


@router.post("/{key}/reload", auth=signed_in, response={202: LoadingView, 409: Problem})
def reload(request: HttpRequest, key: str, body: ReloadBody | None = None) -> Status[dict[str, Any]]:
    """Loads parts anew; without `parts`, what is missing or failed."""
    series = catalog.find(key)
    wanted = body or ReloadBody(parts=None)
    catalog.reload(series, wanted.parts or (), overwrite=_may_overwrite(request, wanted))
    return Status(202, _loading(series))


@router.patch("/{key}", auth=admin_only, response={200: SummaryView, 409: Problem})
def change(request: HttpRequest, key: str, body: ChangeBody) -> dict[str, Any]:
    """Changes what an operator decides."""
    series = catalog.find(key)
    with changes.recorded(series, by=user_of(request).username, via="api"):
        series.change(**body.model_dump(exclude_none=True))
    return _summary(series, request)


@router.post("/{key}/restore", auth=admin_only, response={200: SummaryView, 409: Problem})
def restore(request: HttpRequest, key: str) -> dict[str, Any]:
    """Takes a removal back; does nothing to a series that was not removed."""
    series = catalog.find(key, removed=True)
    with changes.recorded(series, by=user_of(request).username, via="api", action="restored"):
        catalog.restore(series)
    return _summary(series, request)


def _may_overwrite(request: HttpRequest, wanted: ReloadBody) -> bool:
    """What others made is replaced for administrators only."""
    if wanted.overwrite and not user_of(request).is_staff:
        raise Forbidden(_("Only administrators replace files that somebody else made."))
    return wanted.overwrite


def _demand_known_catalogue(name: str | None) -> None:
    if name is None or Provider.objects.filter(name=name, kind=Provider.Kind.CATALOGUE).exists():
        return
    if not Series.objects.filter(provider=name).exists():
        raise Invalid(_("There is no catalogue “%s”.") % name, "unknown_provider")


def _summary(series: Series, request: HttpRequest) -> dict[str, Any]:
    return listing.summary(listing.counted(Series.objects.filter(pk=series.pk), user_of(request)).get())


def _added(series: Series, opened: str) -> dict[str, Any]:
    about = f"; {opened} was switched on for it" if opened else ""
    return {
        "message": f"Series added and queued for background loading{about}",
        "key": series.key,
        "folder": series.folder,
        "db_id": series.pk,
        "loading_status": series.loading_status,
        "loading_progress": series.loading_progress,
    }


def _loading(series: Series) -> dict[str, Any]:
    return {
        "key": series.key,
        "loading_status": series.loading_status,
        "progress": series.loading_progress,
        "started_at": series.loading_started_at,
        "completed_at": series.loading_completed_at,
        "message": series.loading_message,
        "error": series.loading_error or None,
    }
