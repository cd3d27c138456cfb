"""The admin's page of database backups: which there are, make one, prove one, fetch one, delete one.

A backup holds everything, password hashes and keys of services included, so the page is for superusers alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import wraps
from pathlib import Path

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_q.tasks import async_task

from aniworld import audit
from aniworld.backups import schedule, shelf
from aniworld.refusals import NotThere

_PIECE = 1024 * 1024
View = Callable[..., HttpResponseBase]


def _for_superusers(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, **names: str) -> HttpResponseBase:
        if not request.user.is_superuser:
            raise PermissionDenied
        return view(request, **names)

    return admin.site.admin_view(guarded)


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Those there are."""
    context = {
        **admin.site.each_context(request),
        "title": _("Database backups"),
        "backups": shelf.listed(),
        "folder": shelf.folder(),
        "next_at": schedule.next_at(),
    }
    return render(request, "admin/backups.html", context)


@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Has a worker make and prove one."""
    async_task("aniworld.backups.tasks.back_up", "admin", cluster="default", save=False)
    _record(request, "backup asked for", "database")
    return _back(request, _("It is being made and restored for a trial. Reload in a moment."))


@require_POST
def prove(request: HttpRequest, name: str) -> HttpResponse:
    """Has a worker restore it for a trial."""
    found = shelf.named(name)
    async_task("aniworld.backups.tasks.prove", found.name, cluster="default", save=False)
    return _back(request, _("It is being restored for a trial. Reload in a moment."))


@require_POST
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Removes it."""
    found = shelf.named(name)
    found.delete()
    _record(request, "deleted", f"database backup {found.name}")
    return _back(request, _("%s is deleted.") % found.name)


@require_GET
def fetch(request: HttpRequest, name: str) -> HttpResponseBase:
    """The file itself, in pieces: whole it might not fit into memory."""
    found = shelf.named(name)
    _record(request, "downloaded", f"database backup {found.name}")
    answer = StreamingHttpResponse(_pieces(found.path), content_type="application/octet-stream")
    answer["Content-Length"] = str(found.path.stat().st_size)
    answer["Content-Disposition"] = f'attachment; filename="{found.name}"'
    answer["Cache-Control"] = "no-store"
    return answer


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece


def _known(view: View) -> View:
    """One that was rotated away meanwhile is told of on the page."""

    @wraps(view)
    def answered(request: HttpRequest, name: str) -> HttpResponseBase:
        try:
            return view(request, name=name)
        except NotThere as refusal:
            return _back(request, str(refusal), messages.ERROR)

    return answered


def _record(request: HttpRequest, action: str, subject: str) -> None:
    audit.record(by=request.user.get_username(), via="admin", action=action, subject=subject)


def _back(request: HttpRequest, message: str, level: int = messages.SUCCESS) -> HttpResponse:
    messages.add_message(request, level, message)
    return HttpResponseRedirect(reverse("admin-backups"))


urlpatterns: list[URLPattern] = [
    path("", _for_superusers(listed), name="admin-backups"),
    path("make", _for_superusers(make), name="admin-backups-make"),
    path("<str:name>", _for_superusers(_known(fetch)), name="admin-backups-fetch"),
    path("<str:name>/verify", _for_superusers(_known(prove)), name="admin-backups-prove"),
    path("<str:name>/delete", _for_superusers(_known(delete)), name="admin-backups-delete"),
]
