"""The event log and the operations, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.counting import BoundedPaginator
from aniworld.admin_pages.filters import one_of
from aniworld.admin_pages.pages import ReadOnly
from aniworld.live.models import Event, Progress
from aniworld.live.publish import ROOM_OF, ROOMS
from aniworld.templatetags.quantities import ago, percent


@admin.register(Event)
class EventAdmin(ReadOnly):
    about = _("Everything that was told live, in order. Old events go by themselves; the configuration says when.")
    when_empty = _("As soon as something happens, it is told here.")
    list_display = ("id", "when", "kind", "room", "says")
    list_filter = (
        one_of("room", _("room"), lambda: [(room, room) for room in ROOMS]),
        one_of("type", _("type"), lambda: [(type_, type_) for type_ in ROOM_OF]),
    )
    date_hierarchy = "timestamp"
    paginator = BoundedPaginator
    search_fields = ["type", "data"]
    ordering = ["-id"]

    @display(description=_("time"), ordering="id")
    def when(self, event: Event) -> str:
        return ago(event.timestamp)

    @display(description=_("type"), label=True)
    def kind(self, event: Event) -> str:
        return event.type

    @display(description=_("about"))
    def says(self, event: Event) -> str:
        """Whatever of its data tells a person most."""
        words = [event.data.get(name) for name in ("name", "key", "title", "folder", "action", "message", "error")]
        return " · ".join(dict.fromkeys(str(word) for word in words if word))[:150]


@admin.register(Progress)
class ProgressAdmin(ReadOnly):
    about = _("Operations that report how far they are: downloads, scans, loading. The latest change first.")
    when_empty = _("Nothing is or was under way.")
    live_rooms = ("downloads", "scan_progress", "series")
    live_seconds = 15
    list_display = ("title", "type", "state", "share", "message", "begun", "changed")
    list_filter = ("type", "status")
    date_hierarchy = "started_at"
    search_fields = ["id", "title", "message"]
    ordering = ["-updated_at"]

    @display(
        description=_("status"),
        ordering="status",
        label={"completed": "success", "failed": "danger", "cancelled": "warning", "in_progress": "info"},
    )
    def state(self, progress: Progress) -> tuple[str, str]:
        return progress.status, progress.get_status_display()

    @display(description=_("percent"), ordering="percent")
    def share(self, progress: Progress) -> str:
        return percent(progress.percent)

    @display(description=_("begun"), ordering="started_at")
    def begun(self, progress: Progress) -> str:
        return ago(progress.started_at)

    @display(description=_("changed"), ordering="updated_at")
    def changed(self, progress: Progress) -> str:
        return ago(progress.updated_at)
