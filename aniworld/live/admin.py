"""The event log and the operations, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from aniworld.live.models import Event, Progress


class ReadOnly(ModelAdmin):
    """What the product writes for itself is shown, never changed by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["id", "timestamp", "kind", "room", "about"]
    list_filter = ["room", "type", "timestamp"]
    search_fields = ["type", "data"]
    ordering = ["-id"]

    @display(description=_("type"), ordering="type", label=True)
    def kind(self, event: Event) -> str:
        return event.type

    @display(description=_("about"))
    def about(self, event: Event) -> str:
        """Whatever of its data tells a person most."""
        words = [event.data.get(name) for name in ("name", "key", "title", "folder", "action", "message", "error")]
        return " · ".join(dict.fromkeys(str(word) for word in words if word))[:150]


@admin.register(Progress)
class ProgressAdmin(ReadOnly):
    list_display = ["title", "type", "state", "share", "message", "started_at", "updated_at"]
    list_filter = ["type", "status", "started_at"]
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
        return f"{progress.percent:.0f} %"
