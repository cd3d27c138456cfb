"""What a user chooses about the looks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from aniworld.accounts.api import preferences_of
from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import Preferences
from aniworld.pages import feedback
from aniworld.pages.access import action


def _back(request: HttpRequest) -> str:
    """The page the form stood on."""
    here = request.headers.get("Referer", "")
    return here if url_has_allowed_host_and_scheme(here, {request.get_host()}) else reverse("library")


@action(_back)
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system has it."""
    chosen = request.POST.get("theme", "")
    if chosen in Preferences.Theme.values:
        row = preferences_of(user_of(request))
        row.theme = chosen
        row.save(update_fields=["theme", "updated_at"])
    return feedback.done(request, "", _back(request))
