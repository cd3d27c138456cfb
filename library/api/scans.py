"""Scans of the library over HTTP."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict

from aniworld.accounts.authentication import signed_in
from aniworld.api_types import Key, Problem
from library import scanning
from library.models.scan import PROGRESS_ID

router = Router(tags=["anime"])


class RescanBody(Schema):
    """What to scan: one series, or without a key everything."""

    model_config = ConfigDict(extra="forbid")

    key: Key | None = None


class RescanView(Schema):
    """Where its progress is."""

    progress_id: str


class CancelView(Schema):
    """Whether there was a scan to cancel."""

    progress_id: str
    cancelled: bool


@router.post("/rescan", auth=signed_in, response={202: RescanView, 404: Problem, 409: Problem})
def rescan(request: HttpRequest, body: RescanBody | None = None) -> Status[dict[str, str]]:
    """Looks through the library folder, or that of one series; 409 while a scan runs."""
    scanning.start((body.key if body else None) or "")
    return Status(202, {"progress_id": PROGRESS_ID})


@router.post("/rescan/cancel", auth=signed_in, response={202: CancelView, 409: Problem})
def cancel(request: HttpRequest) -> Status[dict[str, object]]:
    """Ends the scan; what it has written stays."""
    return Status(202, {"progress_id": PROGRESS_ID, "cancelled": scanning.cancel()})
