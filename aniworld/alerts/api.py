"""The test of who is told, over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from aniworld.alerts import delivering
from aniworld.api_types import Line, Problem, Tested

# Whoever mounts it says who may ask: `add_router("/config", router, auth=admin_only)`.
router = Router(tags=["config"])


class TestWish(Schema):
    """Whom to send the test message to; nobody named = every target."""

    target: Line | None = None


class TargetTested(Tested):
    """What came of it at one target."""

    target: str


class Results(Schema):
    """One for each target."""

    results: list[TargetTested]


@router.post("/notifications/test", response={200: Results, 404: Problem, 409: Problem})
def try_notifications(request: HttpRequest, body: TestWish | None = None) -> dict[str, Any]:
    """Sends a test message now and waits for it: up to 20 seconds when a target does not answer."""
    return {"results": delivering.try_out(body.target if body else None)}
