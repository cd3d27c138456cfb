"""The scheduler over HTTP, for administrators."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from ninja.errors import ValidationError
from pydantic import Field

from aniworld.accounts.authentication import admin_only, user_of
from aniworld.refusals import Invalid
from aniworld.scheduler import settings, status
from downloads import rescans
from library.models.scan import PROGRESS_ID

router = Router(tags=["scheduler"], auth=admin_only)


def _documented(kind: str) -> Any:
    """Any value, described as that type: the configuration judges it, together with all others."""
    return Field(None, json_schema_extra={"type": kind})


class ConfigIn(Schema):
    """What to change; what is absent stays. An interval alone takes the place of a cron expression."""

    enabled: Annotated[Any, _documented("boolean")]
    interval_minutes: Annotated[Any, _documented("integer")]
    cron: Annotated[Any, _documented("string")]
    auto_download_after_rescan: Annotated[Any, _documented("boolean")]
    newest_check_minutes: Annotated[Any, _documented("integer")]
    download_window_start: Annotated[Any, _documented("string")]
    download_window_end: Annotated[Any, _documented("string")]


class ScheduleConfigOut(Schema):
    """The settings in force. With `cron`, the interval is not used; times of day are local."""

    enabled: bool
    interval_minutes: int
    cron: str | None
    auto_download_after_rescan: bool
    newest_check_minutes: int
    download_window_start: str | None
    download_window_end: str | None


class TriggeredOut(Schema):
    """The rescan that begins, and where the progress of its scan is."""

    status: str
    rescan_id: int
    progress_id: str


class ScheduleOut(Schema):
    """One regular thing; `last_outcome` is running, completed or failed."""

    name: str
    title: str
    rule: str
    enabled: bool
    next_run: datetime | None
    last_run: datetime | None
    last_outcome: str | None
    last_message: str


class SchedulesOut(Schema):
    """The rescan's own state first, then every schedule with its next and last run."""

    enabled: bool
    is_running: bool
    next_run: datetime | None
    last_run: datetime | None
    last_outcome: str | None
    schedules: list[ScheduleOut]


@router.get("/config", response=ScheduleConfigOut)
def show_config(request: HttpRequest) -> dict[str, Any]:
    """The settings in force."""
    return settings.current()


@router.post("/config", response=ScheduleConfigOut)
def change_config(request: HttpRequest, body: ConfigIn) -> dict[str, Any]:
    """Changes what is named, after a backup; every error at once."""
    # As it was sent: the body's type leaves out what it does not know.
    given = json.loads(request.body or b"{}")
    if not isinstance(given, dict):
        raise Invalid(_("Send an object with the settings to change."))
    try:
        return settings.change(given, by=user_of(request).get_username())
    except settings.WrongSettings as wrong:
        raise ValidationError(wrong.errors) from None


@router.post("/trigger-rescan", response={202: TriggeredOut})
def trigger_rescan(request: HttpRequest) -> Status[dict[str, Any]]:
    """Scans the library now, and queues what is missing if that is configured; 409 while one runs."""
    rescan = rescans.trigger()
    return Status(202, {"status": "started", "rescan_id": rescan.pk, "progress_id": PROGRESS_ID})


@router.get("/status", response=SchedulesOut)
def show_status(request: HttpRequest) -> dict[str, Any]:
    """When everything runs next, and how it went the last time."""
    found = status.schedules()
    first = found[0]
    own = {name: getattr(first, name) for name in ("enabled", "next_run", "last_run", "last_outcome")}
    return {**own, "is_running": status.is_running(), "schedules": found}
