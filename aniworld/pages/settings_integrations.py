"""The settings' page of integrations: addresses to copy, and a test."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from aniworld.accounts.authentication import user_of
from aniworld.configuration.forms import SectionForm
from aniworld.pages.settings import administrators, answer
from integrations import managers, readers

SECTION = "integrations"


@administrators
def test(request: HttpRequest) -> HttpResponse:
    """Tries what other systems need of what is saved; the form comes back as it was filled in."""
    return _answered(request, lambda: managers.try_out(user_of(request)))


@administrators
def test_readers(request: HttpRequest) -> HttpResponse:
    """Reads feeds, calendar and numbers as other programs do; likewise."""
    return _answered(request, lambda: list(readers.try_out(request, user_of(request))))


def _answered(request: HttpRequest, try_out: Callable[[], list[managers.Tried]]) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect(reverse("settings-section", args=[SECTION]))
    return answer(request, SECTION, SectionForm(SECTION, request.POST), results=try_out())
