"""When the lists of newest episodes and the rescan are due, and how each went the last time."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.templatetags.quantities import ago
from library.models import Timetable

_LIGHTS = {
    Timetable.Outcome.NONE: "info",
    Timetable.Outcome.RUNNING: "warning",
    Timetable.Outcome.COMPLETED: "success",
    Timetable.Outcome.FAILED: "danger",
}


@admin.register(Timetable)
class TimetableAdmin(ReadOnly):
    about = _("What the configuration schedules: the rescan, and each catalogue's list of newest episodes.")
    when_empty = _("The program makes them when it runs and a series is monitored.")
    live_seconds = 60
    list_display = ("name", "rule", "next_time", "last_time", "state", "message")
    search_fields = ("name", "message")
    fields = ("name", "rule", "next_run", "last_run", "ended_at", "outcome", "message")
    readonly_fields = fields

    @display(description=_("next run"), ordering="next_run")
    def next_time(self, row: Timetable) -> str:
        return ago(row.next_run) if row.next_run else "–"

    @display(description=_("last run"), ordering="last_run")
    def last_time(self, row: Timetable) -> str:
        return ago(row.last_run) if row.last_run else "–"

    @display(description=_("outcome"), ordering="outcome", label=_LIGHTS)
    def state(self, row: Timetable) -> tuple[str, str]:
        return row.outcome, row.get_outcome_display()
