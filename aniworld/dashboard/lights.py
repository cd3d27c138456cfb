"""The providers in use with their lights."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from providers import checking
from providers.lights import light_of
from providers.lookup import state_of
from providers.models import Provider


def facts(_request: HttpRequest) -> dict[str, Any]:
    """Catalogues first, then hosts in the order of their priority; those nothing can be told of are only counted."""
    rows = list(Provider.objects.filter(enabled=True).select_related("status_record"))
    told = [row for row in rows if not checking.is_untried(row)]
    shown = [{"row": row, "light": light_of(row), "state": state_of(row)} for row in told]
    return {
        "providers": shown,
        "providers_untried": len(rows) - len(shown),
        "providers_off": Provider.objects.filter(enabled=False).count(),
    }
