"""Which specials the films of a series are: proposals, and what a person says. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from aniworld.accounts.authentication import user_of
from aniworld.pages import feedback
from aniworld.pages.access import members
from aniworld.pages.series import find
from library.metadata import specials
from library.metadata.specials import Proposal, WrongChoices
from library.models import Series


@members
def page(request: HttpRequest, key: str) -> HttpResponse:
    """The films, or with a form sent the choices."""
    if not request.user.is_staff:
        raise PermissionDenied
    series = find(key)
    return _choose(request, series) if request.method == "POST" else _shown(request, series)


def _choose(request: HttpRequest, series: Series) -> HttpResponse:
    films = specials.proposals(series)
    try:
        specials.choose(series, _read(request.POST, films), by=user_of(request).get_username(), via="page")
    except WrongChoices as refusal:
        return _shown(request, series, sent=request.POST, errors=refusal.errors)
    message = _("The numbers are in force. Files keep their names until you rename them.")
    return feedback.done(request, message, reverse("series-specials", args=[series.key]), ("episodes",))


def _read(sent: Mapping[str, str], films: list[Proposal]) -> dict[int, int | None]:
    """What stands in the fields; an empty one takes the choice back. Raises `WrongChoices`."""
    fields: dict[str, object] = {}
    for film in films:
        text = sent.get(f"film-{film.film}", "").strip()
        is_number = text.isascii() and text.isdigit() and len(text) < 10
        fields[str(film.film)] = (int(text) if is_number else text) if text else None
    return specials.read_choices(fields)


def _shown(
    request: HttpRequest,
    series: Series,
    *,
    sent: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> HttpResponse:
    rows = [_row(film, sent, errors or {}) for film in specials.proposals(series)]
    shown = {"series": series, "rows": rows, "listed": specials.listed(series), "has_errors": bool(errors)}
    return render(request, "pages/specials.html", shown, status=422 if errors else 200)


def _row(film: Proposal, sent: Mapping[str, str] | None, errors: Mapping[str, str]) -> dict[str, Any]:
    name = f"film-{film.film}"
    value = sent.get(name, "") if sent is not None else film.override
    return {
        "film": film,
        "field": name,
        "value": "" if value is None else value,
        "percent": round(100 * film.confidence),
        "error": errors.get(str(film.film), ""),
    }
