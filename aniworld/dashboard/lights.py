"""The providers in use with their lights."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from providers.lights import light_of
from providers.lookup import state_of
from providers.models import Provider


def facts(_request: HttpRequest) -> dict[str, Any]:
    """Catalogues first, then hosts in the order of their priority."""
    rows = Provider.objects.filter(enabled=True).select_related("status_record")
    shown = [{"row": row, "light": light_of(row), "state": state_of(row)} for row in rows]
    return {"providers": shown, "providers_off": Provider.objects.filter(enabled=False).count()}
