"""The queue in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from aniworld.accounts.models import User
from aniworld.refusals import Refused
from downloads import acceptance, ordering, quarantine, queue, why
from downloads.models import Attempt, Priority, QuarantinedFile, QueueItem, QueueState, Undo

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


class QuarantineInline(_ReadOnly, TabularInline):
    model = QuarantinedFile
    extra = 0
    fields = ["provider", "language", "size", "reason", "created_at", "accepted_at"]
    readonly_fields = ["created_at"]


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
    inlines = [AttemptInline, QuarantineInline]
    readonly_fields = ["explanation"]
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

    @display(description=_("why, and what next"))
    def explanation(self, item: QueueItem) -> str:
        answer = why.of_item(item)
        ahead = [f"{_('In the way:')} {entry.text}" for entry in answer.obstacles]
        when = [date_format(timezone.localtime(answer.next_at), "DATETIME_FORMAT")] if answer.next_at else []
        lines = [answer.reason, *ahead, f"{_('Next:')} {answer.next_step}", *when]
        address = reverse("queue-one", args=[item.pk])
        told = format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))
        return format_html('{}<br><a href="{}">{}</a>', told, address, _("The whole way"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [field.name for field in QueueItem._meta.fields if field.name not in self.exclude]
        return ["explanation", *fields]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_readonly_fields(request, obj)

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


@admin.register(QuarantinedFile)
class QuarantinedFileAdmin(_ReadOnly, ModelAdmin):
    list_display = ["created_at", "episode", "provider", "language", "reason", "megabytes", "minutes", "on_its_way"]
    list_filter = ["provider", "language"]
    search_fields = ["item__series__name", "reason", "provider"]
    date_hierarchy = "created_at"
    list_select_related = ["item__series", "item__episode"]
    list_per_page = 50
    actions = ["accept", "discard"]

    @display(description=_("episode"), ordering="item__series__name")
    def episode(self, row: QuarantinedFile) -> str:
        address = reverse("admin:downloads_queueitem_change", args=[row.item_id])
        return format_html('<a href="{}">{}</a>', address, str(row.item))

    @display(description=_("MB"), ordering="size")
    def megabytes(self, row: QuarantinedFile) -> str:
        return f"{row.size / 1e6:.1f}"

    @display(description=_("plays"))
    def minutes(self, row: QuarantinedFile) -> str:
        return " · ".join(filter(None, (f"{row.duration / 60:.1f} min" if row.duration else "", row.quality))) or "–"

    @display(description=_("accepted"))
    def on_its_way(self, row: QuarantinedFile) -> str:
        return str(_("moves into the library")) if row.is_on_its_way else "–"

    @admin.action(description=_("Accept anyway"))
    def accept(self, request: HttpRequest, rows: QuerySet[QuarantinedFile]) -> None:
        by = request.user if isinstance(request.user, User) else None
        self._each(request, rows, lambda row: _accepted(acceptance.accept(row, by)))

    @admin.action(description=_("Delete"))
    def discard(self, request: HttpRequest, rows: QuerySet[QuarantinedFile]) -> None:
        def delete(row: QuarantinedFile) -> str:
            quarantine.delete(row)
            return _text("The file of “%s” is deleted.") % row.item

        self._each(request, rows, delete)

    def _each(
        self, request: HttpRequest, rows: QuerySet[QuarantinedFile], verb: Callable[[QuarantinedFile], str]
    ) -> None:
        """One by one: what is refused for one keeps no other."""
        for row in rows.select_related("item__series", "item__episode"):
            try:
                self.message_user(request, verb(row), messages.SUCCESS)
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)


def _accepted(item: QueueItem) -> str:
    if item.status == QueueItem.Status.COMPLETED:
        return _text("“%s” is in the library now.") % item
    return _text("“%(item)s” is accepted and moves into the library as soon as that is possible: %(why)s") % {
        "item": item,
        "why": item.error_message,
    }


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
