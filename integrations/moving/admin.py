"""Imports in the admin: what was brought, how each line ended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.recording import Recorded
from integrations.moving.models import ImportLine, ImportRun

_RUN_LIGHTS = {"looking": "warning", "ready": "info", "applying": "warning", "completed": "success", "failed": "danger"}
_LINE_LIGHTS = {
    **dict.fromkeys(("matched", "there", "duplicate"), "info"),
    **dict.fromkeys(("unclear", "unmatched", "unreachable"), "warning"),
    **dict.fromkeys(("wrong", "failed"), "danger"),
    "done": "success",
}


@admin.register(ImportRun)
class ImportRunAdmin(Recorded, ReadOnly):
    about = _("What was brought from elsewhere: lists of links, Sonarr's series, folders of files.")
    when_empty = _("Begin one on the page Settings → Move in, or with manage.py move_in.")
    live_rooms = ("imports",)
    list_display = ("what", "state", "lines_done", "lines_left", "requested_by", "created_at", "error")
    list_filter = ("kind", "status")
    search_fields = ("place", "requested_by", "error")
    date_hierarchy = "created_at"
    actions = ("end_them",)
    readonly_fields = (
        *("kind", "status", "place", "options", "requested_by", "error", "ended_at", "lost_workers", "created_at"),
    )
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportRun]:
        done = Count("lines", filter=Q(lines__state=ImportLine.State.DONE))
        left = Count("lines", filter=Q(lines__state__in=ImportLine.LEFT_OVER))
        rows: QuerySet[ImportRun] = super().get_queryset(request)
        return rows.annotate(done_count=done, left_count=left)

    @display(description=_("import"))
    def what(self, run: ImportRun) -> str:
        return str(run)

    @display(description=_("status"), ordering="status", label=_RUN_LIGHTS)
    def state(self, run: ImportRun) -> tuple[str, str]:
        return run.status, run.get_status_display()

    @display(description=_("taken over"))
    def lines_done(self, run: Any) -> int:
        return int(run.done_count)

    @display(description=_("left over"))
    def lines_left(self, run: Any) -> int:
        return int(run.left_count)

    @admin.action(description=_("Cancel"), permissions=("act",))
    def end_them(self, request: HttpRequest, queryset: QuerySet[ImportRun]) -> None:
        self.for_each(request, queryset.filter(status__in=ImportRun.UNDER_WAY), lambda run: run.cancel(), _changed)


@admin.register(ImportLine)
class ImportLineAdmin(ReadOnly):
    about = _("The lines of imports: what each was taken for, and why it did not come over.")
    when_empty = _("There was no import yet.")
    list_display = ("text", "state_shown", "reason", "target", "series_key", "run")
    list_filter = ("state", "run__kind")
    list_select_related = ("run",)
    search_fields = ("text", "target", "series_key", "reason")
    readonly_fields = (
        *("run", "number", "text", "state", "chosen", "reason", "facts", "candidates", "choice", "target"),
        *("series_key", "created_at"),
    )
    fields = readonly_fields

    @display(description=_("status"), ordering="state", label=_LINE_LIGHTS)
    def state_shown(self, line: ImportLine) -> tuple[str, str]:
        return line.state, line.get_state_display()


def _changed(count: int) -> str:
    return ngettext("%d import is being cancelled.", "%d imports are being cancelled.", count) % count
