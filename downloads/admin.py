"""The queue in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from aniworld.accounts.models import User
from downloads import ordering, queue
from downloads.models import Attempt, Priority, QueueItem, QueueState, Undo

_COLOURS = {
    QueueItem.Status.COMPLETED: "success",
    QueueItem.Status.DOWNLOADING: "info",
    QueueItem.Status.PAUSED: "warning",
    QueueItem.Status.FAILED: "danger",
}


class _ReadOnly:
    """Rows that only verbs change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(_ReadOnly, TabularInline):
    model = Attempt
    extra = 0
    fields = ["provider", "language", "started_at", "ended_at", "bytes", "outcome", "error", "next_step"]


@admin.register(QueueItem)
class QueueItemAdmin(_ReadOnly, ModelAdmin):
    list_display = [
        "what",
        "shown_status",
        "progress",
        "priority",
        "language",
        "provider",
        "tries",
        "why",
        "created_at",
    ]
    list_filter = ["status", "pause_reason", "priority", "language", "provider"]
    search_fields = ["series__name", "series__key", "episode__title", "error_message"]
    date_hierarchy = "created_at"
    list_select_related = ["series", "episode"]
    ordering = ["-updated_at"]
    list_per_page = 50
    inlines = [AttemptInline]
    actions = ["retry", "cancel", "pause", "resume", "to_the_top", "high_priority", "low_priority"]
    exclude = ["download_url"]

    @display(description=_("episode"), ordering="series__name")
    def what(self, item: QueueItem) -> str:
        return f"{item.series.name} {item.episode.code}"

    @display(description=_("status"), ordering="status", label=_COLOURS)
    def shown_status(self, item: QueueItem) -> tuple[str, str]:
        return item.status, item.get_status_display()

    @display(description=_("progress"), ordering="progress_percent")
    def progress(self, item: QueueItem) -> str:
        return f"{item.progress_percent:.0f} %"

    @display(description=_("rounds"), ordering="retry_count")
    def tries(self, item: QueueItem) -> int:
        return item.retry_count

    @display(description=_("why"))
    def why(self, item: QueueItem) -> str:
        reason = item.get_pause_reason_display() if item.pause_reason else ""
        return " · ".join(part for part in (reason, item.error_message[:120]) if part) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in QueueItem._meta.fields if field.name not in self.exclude]

    @admin.action(description=_("Retry"))
    def retry(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        retried, skipped = queue.retry(list(items.values_list("pk", flat=True)))
        self._say(request, len(retried), len(skipped))

    @admin.action(description=_("Cancel or clear away"))
    def cancel(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        by = request.user if isinstance(request.user, User) else None
        self._say(request, queue.cancel(list(items.values_list("pk", flat=True)), by).count)

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._say(request, sum(item.pause() for item in items))

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._say(request, sum(queue.resume_item(item) for item in items))

    @admin.action(description=_("Move to the top"))
    def to_the_top(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        pending = items.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")
        ids = list(pending.values_list("pk", flat=True))
        if ids:
            ordering.arrange(ids)
        self._say(request, len(ids))

    @admin.action(description=_("Priority high"))
    def high_priority(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._say(request, sum(queue.prioritise(item, Priority.HIGH) for item in items))

    @admin.action(description=_("Priority low"))
    def low_priority(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._say(request, sum(queue.prioritise(item, Priority.LOW) for item in items))

    def _say(self, request: HttpRequest, done: int, skipped: int = 0) -> None:
        text = ngettext("%d item changed.", "%d items changed.", done) % done
        level = messages.SUCCESS if done else messages.WARNING
        self.message_user(request, f"{text} {_('Left alone:')} {skipped}" if skipped else text, level)


@admin.register(Attempt)
class AttemptAdmin(_ReadOnly, ModelAdmin):
    list_display = ["started_at", "episode", "provider", "language", "shown_outcome", "bytes", "error", "next_step"]
    list_filter = ["outcome", "provider", "language"]
    search_fields = ["item__series__name", "error", "provider"]
    date_hierarchy = "started_at"
    list_select_related = ["item__series", "item__episode"]
    list_per_page = 50

    @display(description=_("episode"))
    def episode(self, attempt: Attempt) -> str:
        address = reverse("admin:downloads_queueitem_change", args=[attempt.item_id])
        return format_html('<a href="{}">{}</a>', address, str(attempt.item))

    @display(
        description=_("outcome"),
        ordering="outcome",
        label={
            Attempt.Outcome.COMPLETED: "success",
            Attempt.Outcome.FAILED: "danger",
            Attempt.Outcome.STALLED: "warning",
        },
    )
    def shown_outcome(self, attempt: Attempt) -> tuple[str, str]:
        return attempt.outcome, attempt.get_outcome_display() or str(_("running"))


@admin.register(QueueState)
class QueueStateAdmin(_ReadOnly, ModelAdmin):
    list_display = ["__str__", "is_running", "is_paused", "updated_at"]
    actions = ["start", "stop", "pause", "resume"]

    @admin.action(description=_("Start"))
    def start(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        queue.start()

    @admin.action(description=_("Stop"))
    def stop(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        queue.stop()

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        queue.pause()

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        queue.resume()


@admin.register(Undo)
class UndoAdmin(_ReadOnly, ModelAdmin):
    list_display = ["created_at", "action", "user", "expires_at", "used_at"]
    list_filter = ["action"]
    list_select_related = ["user"]
