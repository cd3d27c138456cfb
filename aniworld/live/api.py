"""Progress over HTTP: what runs, what ran, one operation. And who is connected to the socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema

from aniworld.api_types import Paging
from aniworld.api_types import page as page_of
from aniworld.live import hub
from aniworld.live.models import Progress
from aniworld.live.progress import row_id
from aniworld.live.pruning import limits
from aniworld.refusals import NotThere, Refused

# Whoever mounts it says who may ask: `add_router("/progress", router, auth=signed_in)`.
router = Router(tags=["progress"])

Type = Literal["download", "scan", "queue", "system", "error"]


class ProgressRecord(Schema):
    """The last state of one operation."""

    id: str
    type: str
    status: str
    title: str
    message: str
    percent: float
    current: int
    total: int | None
    metadata: dict[str, Any]
    started_at: datetime
    updated_at: datetime


class ProgressPage(Schema):
    """A page of them."""

    items: list[ProgressRecord]
    total: int
    page: int
    limit: int


class Asked(Paging):
    """Which ones."""

    type: Type | None = None


@router.get("", response=ProgressPage, url_name="progress_active")
def active(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Operations that run now, the latest change first."""
    return _page(Progress.objects.active(), asked)


@router.get("/history", response=ProgressPage, url_name="progress_history")
def history(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Operations that are over, the latest first; of each type as many as the configuration keeps."""
    kept = limits().progress_history
    types = [asked.type] if asked.type else Progress.Type.values
    latest = [Progress.objects.ended().filter(type=type_).values_list("id", flat=True)[:kept] for type_ in types]
    return _page(Progress.objects.filter(id__in=[id_ for ids in latest for id_ in ids]), asked)


@router.get("/{path:progress_id}", response=ProgressRecord, url_name="progress_one")
def one(request: HttpRequest, progress_id: str) -> Progress:
    """The last state of one operation, running or over."""
    row = Progress.objects.filter(pk=row_id(progress_id)).first()
    if row is None:
        raise NotThere(_("There is no operation with this id."))
    return row


def _page(rows: QuerySet[Progress], asked: Asked) -> dict[str, Any]:
    if asked.type:
        rows = rows.filter(type=asked.type)
    return page_of(rows, asked.page, asked.limit, lambda row: row)


def status_view(administrator: Callable[[HttpRequest], object | None]) -> Callable[[HttpRequest], HttpResponse]:
    """The view of `GET /ws/status`: connections and rooms of this web process with counts, for administrators.

    `administrator` answers who asks, by token, key or session, or None; it raises `Refused` for whoever may not.
    """

    def status(request: HttpRequest) -> HttpResponse:
        try:
            caller = administrator(request)
        except Refused as refusal:
            return _refusal(refusal.status, str(refusal), refusal.code)
        if caller is None:
            return _refusal(401, _("Sign in first."), "unauthorized")
        if request.method not in ("GET", "HEAD"):
            return _refusal(405, _("This can only be asked for."), "method_not_allowed")
        return JsonResponse(hub.status())

    return status


def _refusal(status: int, detail: str, code: str) -> HttpResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status)
