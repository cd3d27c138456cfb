"""What a provider's page in the admin tells beside the form: charts, its breaker, errors and requests."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from aniworld.templatetags.quantities import size, speed
from providers import checking, health
from providers.admin.lights import drawn
from providers.lights import light_of
from providers.lookup import state_of
from providers.models import Provider, RequestLog

_ERRORS, _RECENT = 5, 20
_DAY, _WEEK = 24, 7 * 24


def about(row: Provider) -> dict[str, Any]:
    """The context of the page's own parts."""
    recent = RequestLog.objects.filter(provider=row).order_by("-created_at")
    return {
        "light": light_of(row),
        "drawn_light": drawn(row),
        "state": state_of(row),
        "is_untried": checking.is_untried(row),
        "measured": health.of(row.name),
        "periods": [
            {"title": _("24 hours"), "points": health.history(row.name, _DAY)},
            {"title": _("7 days"), "points": health.history(row.name, _WEEK)},
        ],
        "failures": {
            "headers": [_("Time"), _("Request"), _("Error")],
            "rows": [_error(one) for one in recent.filter(successful=False)[:_ERRORS]],
        },
        "recent": {
            "headers": [_("Time"), _("Request"), _("Outcome"), _("Took"), _("Size"), _("Speed"), _("Language")],
            "rows": [_request(one) for one in recent[:_RECENT]],
        },
    }


def _time(request: RequestLog) -> str:
    return date_format(localtime(request.created_at), "SHORT_DATETIME_FORMAT")


def _error(request: RequestLog) -> list[str]:
    return [_time(request), request.get_action_display(), request.error_message or request.error_code]


def _request(request: RequestLog) -> list[str]:
    is_download = request.action == RequestLog.Action.DOWNLOAD and request.response_time_ms > 0
    took = f"{request.response_time_ms / 1000:.1f} s" if is_download else f"{request.response_time_ms:.0f} ms"
    return [
        _time(request),
        request.get_action_display(),
        _("succeeded") if request.successful else request.error_code,
        took,
        size(request.bytes),
        speed(1000 * request.bytes / request.response_time_ms) if is_download else "–",
        request.language or "–",
    ]
