"""Which series of TMDB one of the library is: the candidates, and a choice among them. For administrators."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _

from aniworld.pages import covers, feedback
from aniworld.pages.access import action, members
from aniworld.pages.series import find
from aniworld.pages.shelf import words_of
from aniworld.refusals import Explained
from library import catalog
from library.metadata import choosing, tmdb
from library.models import Series


def _back(request: HttpRequest) -> str:
    return reverse("series", args=[str(resolve(request.path_info).kwargs["key"])])


def _candidates(series: Series, words: str) -> dict[str, Any]:
    """What TMDB answers, or the sentence that says why not."""
    try:
        found = choosing.candidates(series, words)
    except Explained as error:
        return {"problem": str(error), "items": []}
    items = [
        {
            "found": candidate,
            "percent": round(100 * candidate.score),
            "cover": covers.address("tmdb", tmdb.picture_address(candidate.poster, "w342")),
        }
        for candidate in found
    ]
    return {"items": items, "problem": ""}


@members
def page(request: HttpRequest, key: str) -> HttpResponse:
    """The candidates, or with a form sent the choice."""
    if not request.user.is_staff:
        raise PermissionDenied
    if request.method == "POST":
        return _choose(request, key)
    series, words = find(key), words_of(request)
    return render(request, "pages/metadata.html", {"series": series, "query": words, **_candidates(series, words)})


@action(_back)
def _choose(request: HttpRequest, key: str) -> HttpResponse:
    """Takes one of the candidates, or loads what was chosen before anew."""
    series, text = find(key), request.POST.get("tmdb_id", "")
    overwrite = request.POST.get("overwrite") == "on"
    if text == "none":
        choosing.refuse(series, overwrite=overwrite)
        message = _("It stays with the catalogue's data and is not matched any more.")
        return feedback.done(request, message, _back(request), ("episodes",))
    if not text:
        catalog.reload(series, choosing.PARTS, overwrite=overwrite)
        return feedback.done(request, _("NFO files and pictures are loaded anew."), _back(request), ("episodes",))
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise Http404
    try:
        facts = choosing.choose(series, int(text), overwrite=overwrite)
    except Explained as error:
        return feedback.done(request, str(error), request.path, level="error")
    message = _("It is “%s” at TMDB now. NFO files and pictures are loaded anew.") % facts.name
    return feedback.done(request, message, _back(request), ("episodes",))
