"""The settings' page of backups: made, compared, restored, deleted; and the configuration as a file, and its reset."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from aniworld.configuration import backups, exchange, masks, store
from aniworld.configuration.differences import Difference, in_words
from aniworld.management.command import explanation
from aniworld.pages.settings import VIA, administrators, show, who
from aniworld.refusals import Refused

_MOST_SHOWN = 100


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("settings-backups"))


@administrators
def page(request: HttpRequest) -> HttpResponse:
    """The list; a form sent makes a backup."""
    if request.method == "POST":
        store.back_up(by=who(request), via=VIA)
        messages.success(request, _("Backed up."))
        return _back()
    return _list(request)


def _list(request: HttpRequest, *, wrong: str = "", status: int = 200) -> HttpResponse:
    context = {
        "backups": backups.listed()[:_MOST_SHOWN],
        "kept": store.current().general.max_backups,
        "wrong": wrong,
        "title": _("Configuration backups"),
    }
    return show(request, "settings_backups", context, status=status)


@administrators
def one(request: HttpRequest, name: str) -> HttpResponse:
    """What a backup would change, and the buttons that restore or delete it."""
    try:
        if request.method == "POST":
            return _done(request, name)
        return _compared(request, name)
    except Refused as refusal:
        if refusal.status == 404:
            messages.warning(request, str(refusal))
            return _back()
        return _compared(request, name, problem=str(refusal), status=refusal.status)
    except ValidationError as error:
        return _compared(request, name, problem=explanation(error), status=422)


def _compared(request: HttpRequest, name: str, *, problem: str = "", status: int = 200) -> HttpResponse:
    backup = backups.named(name)
    differences: list[Difference] = []
    if not problem or status == 422:
        differences = in_words(store.compared(name))
    context = {"backup": backup, "differences": differences, "problem": problem, "title": _("Backup")}
    return show(request, "settings_backup", context, status=status)


def _done(request: HttpRequest, name: str) -> HttpResponse:
    if request.POST.get("verb") == "delete":
        backups.delete(name, by=who(request), via=VIA)
        messages.success(request, _("Deleted."))
    else:
        store.restore(name, by=who(request), via=VIA)
        messages.success(request, _("Restored. What was in force before is a backup, too."))
    return _back()


@administrators
def export(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's interface
    """The configuration as a file, without secrets."""
    name, text = exchange.as_file()
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


@administrators
def take_over(request: HttpRequest) -> HttpResponse:
    """Reads a file that was exported; nothing changes unless all of it is right."""
    file = request.FILES.get("file") if request.method == "POST" else None
    if file is None:
        return _list(request, wrong=_("Choose a file first."), status=422) if request.method == "POST" else _back()
    try:
        exchange.take_over(exchange.read(file.read(exchange.LARGEST_FILE)), by=who(request), via=VIA)
    except (Refused, ValidationError) as error:
        return _list(request, wrong=explanation(error), status=422)
    messages.success(request, _("Imported. What was in force before is a backup."))
    return _back()


@administrators
def reset(request: HttpRequest) -> HttpResponse:
    """What a reset would change, and the button that does it."""
    if request.method == "POST":
        store.reset(by=who(request), via=VIA)
        messages.success(request, _("Reset. What was in force before is a backup."))
        return _back()
    differences = in_words(masks.differences(store.current(), store.defaults()))
    return show(request, "settings_reset", {"differences": differences, "title": _("Reset")})
