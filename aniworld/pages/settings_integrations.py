"""The settings' page of integrations: addresses to copy, and a test."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from aniworld.accounts.authentication import user_of
from aniworld.configuration.forms import SectionForm
from aniworld.pages.settings import administrators, answer
from integrations import managers

SECTION = "integrations"


@administrators
def test(request: HttpRequest) -> HttpResponse:
    """Tries what other systems need of what is saved; the form comes back as it was filled in."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("settings-section", args=[SECTION]))
    return answer(request, SECTION, SectionForm(SECTION, request.POST), results=managers.try_out(user_of(request)))
