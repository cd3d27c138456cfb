"""The first run, and the way in and out."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout as end_session
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from aniworld import setup as first_run
from aniworld.accounts import proxied, sessions, signing_in
from aniworld.accounts.addresses import address_of
from aniworld.accounts.models import User
from aniworld.accounts.returning import wanted_page
from aniworld.refusals import Invalid, Refused, SlowDown
from library.folder_choice import checked_folder
from library.root import LibraryUnavailable, library_root

LONGEST_PASSWORD = 1024


@sensitive_post_parameters("password")
@never_cache
def login(request: HttpRequest) -> HttpResponse:
    """The form; with a single administrator only the password is asked for."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(wanted_page(request))
    context: dict[str, Any] = {"next": wanted_page(request), "username": request.POST.get("username", "")[:150]}
    # Who typed a name before keeps its field.
    context["provider"] = settings.OPENID_PROVIDER.name if settings.OPENID_PROVIDER else ""
    context["single"] = not context["username"] and User.objects.count() == 1 and bool(signing_in.only_superuser())
    if request.method != "POST":
        return render(request, "pages/login.html", context)
    password = request.POST.get("password", "")[:LONGEST_PASSWORD]
    try:
        user = signing_in.sign_in(address_of(request), request.POST.get("username", "").strip()[:150] or None, password)
    except Refused as refusal:
        return _login_refused(request, refusal, context)
    sessions.begin(request, user)
    return HttpResponseRedirect(wanted_page(request))


def _login_refused(request: HttpRequest, refusal: Refused, context: dict[str, Any]) -> HttpResponse:
    is_password = context["single"] and isinstance(refusal, signing_in.WrongCredentials)
    # Where no name was asked for, none can be wrong.
    error = _("The password is wrong.") if is_password else str(refusal)
    response = render(request, "pages/login.html", context | {"error": error}, status=refusal.status)
    if isinstance(refusal, SlowDown):
        response["Retry-After"] = str(refusal.retry_after)
    return response


@never_cache
def logout(request: HttpRequest) -> HttpResponse:
    """Ends the session; only by a form, so that no image on another site can."""
    if request.method == "POST":
        end_session(request)
        if proxied.is_named(request):
            # The next page would be signed in again: only the proxy can end that. A link, since a form's answer may
            # not lead to another site.
            return render(request, "pages/signed_out.html", {"there": proxied.logout_url()})
        messages.info(request, _("You are signed out."))
    return HttpResponseRedirect(reverse("login"))


def default_folder() -> str:
    """What the folder field holds at first."""
    try:
        return str(library_root())
    except LibraryUnavailable:
        return str(settings.LIBRARY_DIR)


def _checked_folder(text: str) -> dict[str, Any]:
    folder = checked_folder(text, make=False)
    place = folder if folder.is_dir() else folder.parent
    return {"folder_free": shutil.disk_usage(place).free, "folder_new": place != folder, "folder_path": str(folder)}


def look_at_folder(text: str) -> dict[str, Any]:
    """Whether a folder will do, and the free space of its disk. Nothing is made: only setup itself does."""
    try:
        return _checked_folder(text)
    except Invalid as refusal:
        return {"folder_error": str(refusal)}
    except (OSError, RuntimeError, ValueError):
        # A name that is too long, the home of nobody, a NUL.
        return {"folder_error": _("This can't be a folder.")}


@never_cache
def folder(request: HttpRequest) -> HttpResponse:
    """The check beside the folder field, while nobody has set it up yet."""
    if first_run.is_configured():
        raise Http404
    return render(request, "parts/folder_check.html", look_at_folder(request.GET.get("library_dir", "").strip()[:1000]))


@sensitive_post_parameters("password", "again")
@never_cache
def setup(request: HttpRequest) -> HttpResponse:
    """Three steps on one page: password, library folder, catalogue."""
    if first_run.is_configured():
        return HttpResponseRedirect(reverse("library"))
    values = {
        "username": request.POST.get("username", "admin").strip()[:150],
        "password": request.POST.get("password", "")[:LONGEST_PASSWORD],
        "again": request.POST.get("again", "")[:LONGEST_PASSWORD],
        "library_dir": request.POST.get("library_dir", "").strip()[:1000] or default_folder(),
        "catalogue": "own" if request.POST.get("catalogue") == "own" else "demo",
    }
    if request.method != "POST":
        return _setup_page(request, values)
    try:
        _demand_right(values)
        # Only what would make the user counts as a try: mistakes in the form guess nothing.
        signing_in.count_try("setup", address_of(request))
        user = _set_up(values)
    except ValidationError as error:
        return _setup_page(request, values, error.message_dict, status=422)
    except Refused as refusal:
        # The folder's check says itself what is wrong with it.
        errors = {} if isinstance(refusal, Invalid) else {"all": [str(refusal)]}
        response = _setup_page(request, values, errors, status=refusal.status)
        if isinstance(refusal, SlowDown):
            response["Retry-After"] = str(refusal.retry_after)
        return response
    sessions.begin(request, user)
    messages.success(request, _("All set. Search for a series to add your first one."))
    return HttpResponseRedirect(reverse("library"))


def _setup_page(
    request: HttpRequest, values: dict[str, str], errors: dict[str, list[str]] | None = None, *, status: int = 200
) -> HttpResponse:
    """The form as it was filled in, each error once, at its field."""
    context = {"values": values, "errors": errors or {}, **look_at_folder(values["library_dir"])}
    return render(request, "pages/setup.html", context, status=status)


def _demand_right(values: dict[str, str]) -> None:
    """Raises `ValidationError` with all that is wrong with the form, by field."""
    found = first_run.problems(values["username"], values["password"], values["library_dir"])
    if values["password"] != values["again"]:
        found["again"] = [_("The two passwords differ.")]
    if found:
        raise ValidationError(found)


def _set_up(values: dict[str, str]) -> User:
    demo = values["catalogue"] == "demo"
    return first_run.first_run(
        values["username"], values["password"], library_dir=values["library_dir"], demo=demo, via="page"
    )
