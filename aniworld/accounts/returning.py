"""Where a browser goes on after signing in: the page it wanted, if that is on this very site."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def checked(request: HttpRequest, wanted: str) -> str:
    """`wanted`, or the library when it leads elsewhere or nowhere."""
    here = {request.get_host()}
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, here, require_https=request.is_secure()):
        return wanted
    return reverse("library")


def wanted_page(request: HttpRequest) -> str:
    """What the form or the address names as `next`."""
    return checked(request, request.POST.get("next") or request.GET.get("next") or "")
