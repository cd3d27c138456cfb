"""`/api/providers/health`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import Key
from providers import changes
from providers import health as measured
from providers.api import rendering
from providers.api.schemas import HealthOut, HealthPointOut, Hours
from providers.lookup import named

router = Router(tags=["providers"], auth=signed_in)


@router.get("", response=dict[str, Any])
def summary(request: HttpRequest) -> dict[str, Any]:
    """All providers together, and each one's metrics."""
    return measured.summary()


@router.get("/{name}", response=HealthOut)
def health(request: HttpRequest, name: Key) -> dict[str, Any]:
    """One provider's metrics."""
    row = named(name)
    return rendering.health(row.name, measured.of(row.name))


@router.get("/{name}/history", response=list[HealthPointOut])
def history(request: HttpRequest, name: Key, hours: Hours = 24) -> Any:
    """Points for a chart over the last hours, the oldest first."""
    return measured.history(named(name).name, hours)


@router.post("/{name}/reset", response=HealthOut, auth=admin_only)
def reset(request: HttpRequest, name: Key) -> dict[str, Any]:
    """Forgets what was measured."""
    row = named(name)
    changes.reset_figures(row, by=user_of(request).get_username(), via="api")
    return rendering.health(row.name, measured.of(row.name))
