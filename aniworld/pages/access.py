"""Who may see a page, and what becomes of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from aniworld import setup
from aniworld.context import last_event
from aniworld.pages import feedback
from aniworld.refusals import Refused

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def to(request: HttpRequest, url: str) -> HttpResponse:
    """Leads the browser elsewhere; a part of a page can't be replaced by another page, so htmx is told instead."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def came_from(request: HttpRequest, otherwise: str) -> str:
    """The page that a form stood on, as the browser says; `otherwise` where it says nothing, or another site."""
    here = request.headers.get("Referer", "")
    return here if here and url_has_allowed_host_and_scheme(here, {request.get_host()}) else otherwise


def _wanted(request: HttpRequest) -> str:
    """The page to come back to; "" after a form was sent, when there is none."""
    if request.headers.get("HX-Request"):
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        return f"{shown.path}?{shown.query}" if shown.query else shown.path
    return request.get_full_path() if request.method == "GET" else ""


def _sign_in(request: HttpRequest) -> HttpResponse:
    if not setup.is_configured():
        return to(request, reverse("setup"))
    wanted = _wanted(request)
    query = f"?{urlencode({'next': wanted})}" if wanted not in ("", reverse("library")) else ""
    return to(request, reverse("login") + query)


def signed_in(view: View[P]) -> View[P]:
    """For signed-in users; everybody else is led to the login, or to the setup while there is no user at all."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def members(view: View[P]) -> View[P]:
    """A page for signed-in users, which no cache keeps."""

    @wraps(view)
    def noted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "GET" and not request.headers.get("HX-Request"):
            # Before the view reads anything: an event between the two is told twice rather than never.
            request.newest_event = last_event()  # type: ignore[attr-defined]  # what the frame hands to live.js
        return view(request, *args, **kwargs)

    return never_cache(signed_in(noted))


def action(back: Callable[[HttpRequest], str]) -> Callable[[View[P]], View[P]]:
    """For members' forms: a refusal becomes a message on the page that `back` names."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method != "POST":
                return redirect(back(request))
            try:
                return view(request, *args, **kwargs)
            except Refused as refusal:
                return feedback.refused(request, refusal, back(request))

        return members(guarded)

    return decorate
