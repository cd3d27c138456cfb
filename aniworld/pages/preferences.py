"""What a user chooses about the looks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from aniworld.accounts.api import preferences_of
from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import Preferences
from aniworld.pages import feedback
from aniworld.pages.access import action, came_from


def _back(request: HttpRequest) -> str:
    return came_from(request, reverse("library"))


@action(_back)
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system has it."""
    chosen = request.POST.get("theme", "")
    if chosen in Preferences.Theme.values:
        row = preferences_of(user_of(request))
        row.theme = chosen
        row.save(update_fields=["theme", "updated_at"])
    return feedback.done(request, "", _back(request))
