"""The scheduled rescans so far: how each went and what it queued."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.templatetags.quantities import ago, duration
from downloads.models import Rescan

_LIGHTS = {
    Rescan.Status.SCANNING: "warning",
    Rescan.Status.QUEUEING: "warning",
    Rescan.Status.COMPLETED: "success",
    Rescan.Status.FAILED: "danger",
}


@admin.register(Rescan)
class RescanAdmin(ReadOnly):
    about = _("Each run: a scan of the library, and then what is missing of monitored series is queued.")
    when_empty = _("The first one comes by the schedule of the configuration.")
    live_rooms = ("system_progress",)
    live_seconds = 60
    list_display = ("begun", "trigger", "state", "took", "queued", "upgrades", "error")
    list_filter = ("status", "trigger")
    search_fields = ("error",)
    date_hierarchy = "created_at"
    fields = ("trigger", "status", "scan", "created_at", "ended_at", "queued", "upgrades", "error")
    readonly_fields = fields

    @display(description=_("begun"), ordering="id")
    def begun(self, rescan: Rescan) -> str:
        return ago(rescan.created_at)

    @display(description=_("status"), ordering="status", label=_LIGHTS)
    def state(self, rescan: Rescan) -> tuple[str, str]:
        return rescan.status, rescan.get_status_display()

    @display(description=_("took"))
    def took(self, rescan: Rescan) -> str:
        return duration((rescan.ended_at - rescan.created_at).total_seconds() if rescan.ended_at else None)
