"""The page for whoever comes back from the provider and is not let in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refused_page(request: HttpRequest, reason: str, *, status: int) -> HttpResponse:
    """Says why, and leads back to the login."""
    return render(request, "pages/sign_on_refused.html", {"reason": reason}, status=status)
