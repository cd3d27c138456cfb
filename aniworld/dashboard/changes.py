"""The latest administrative changes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from aniworld.audit.models import Change

_MOST = 8


def facts(_request: HttpRequest) -> dict[str, Any]:
    """The newest first."""
    return {"changes": Change.objects.all()[:_MOST]}
