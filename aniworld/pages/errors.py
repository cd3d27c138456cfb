"""Friendly pages for what went wrong."""

from __future__ import annotations

import logging
import sys

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import is_valid_path
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

from aniworld.accounts.vouching import Unwelcome
from aniworld.api_errors import AWAY_SECONDS, database_away, not_called_so
from aniworld.middleware import is_api

logger = logging.getLogger(__name__)


def _page(request: HttpRequest, code: int, **facts: object) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=code)
    return render(request, f"{code}.html", facts, status=code)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 for more than is taken; in plain text, since what is wrong may be what every page needs."""
    if isinstance(exception, RequestDataTooBig):
        return HttpResponse(_("The request is too large."), content_type="text/plain", status=413)
    if isinstance(exception, DisallowedHost):
        return HttpResponse(not_called_so(request), content_type="text/plain", status=400)
    return HttpResponse(_("The request makes no sense."), content_type="text/plain", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with the reason where it is about the person and not about the page."""
    return _page(request, 403, reason=str(exception) if isinstance(exception, Unwelcome) else "")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's interface
    """404, or the way to the same address with or without the slash at its end, where that one is known."""
    if spelled := _other_spelling(request):
        return HttpResponseRedirect(spelled)
    match = request.resolver_match
    return _page(request, 404, is_series=bool(match and (match.url_name or "").startswith("series")))


def _other_spelling(request: HttpRequest) -> str:
    path = request.path_info
    other = path.rstrip("/") if path.endswith("/") else f"{path}/"
    if request.method not in ("GET", "HEAD") or is_api(path) or path == "/":
        return ""
    match = is_valid_path(other)
    # The admin takes every address below its own by a nameless pattern, only to answer 404.
    if not match or not match.url_name:
        return ""
    address, mark, query = request.get_full_path().partition("?")
    spelled = address.rstrip("/") if path.endswith("/") else f"{address}/"
    return escape_leading_slashes(f"{spelled}{mark}{query}")


def failed(request: HttpRequest) -> HttpResponse:
    """500, or 503 while the database is away: rendered without the request, which may be what can't be read."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return HttpResponse(render_to_string("500.html"), status=500)
    headers = {"Retry-After": str(AWAY_SECONDS)}
    if is_api(request.path_info):
        body = {"detail": database_away(), "code": "database_unavailable"}
        return JsonResponse(body, status=503, headers=headers)
    return HttpResponse(render_to_string("503.html"), status=503, headers=headers)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was older than its session; `reason` is for the log."""
    logger.warning("A form was refused: %s", reason)
    return render(request, "403_csrf.html", status=403)
