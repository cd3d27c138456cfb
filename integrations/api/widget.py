"""`/api/widget`."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema

from aniworld.accounts.authentication import signed_in
from integrations import widget

router = Router(tags=["integrations"], auth=signed_in)


class WidgetOut(Schema):
    """What a dashboard shows. `arrived_today`: in the last 24 hours; `queued` is what waits, parked or not."""

    status: Literal["stopped", "paused", "waiting", "downloading", "idle"]
    downloading: int
    queued: int
    failed: int
    speed_bytes_per_second: int
    eta_seconds: int | None
    series: int
    episodes: int
    missing: int
    arrived_today: int
    free_bytes: int | None
    providers_down: int
    version: str


@router.get("", response=WidgetOut)
def show_widget(request: HttpRequest) -> dict[str, Any]:
    """The numbers for dashboards such as Homepage and Homarr."""
    return widget.numbers()
