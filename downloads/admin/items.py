"""The queue's items: what is wanted, how far it is, and why it is not further."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from aniworld.accounts.models import User
from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.links import named, to_list, to_row
from aniworld.admin_pages.pages import NotByHand, ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago, size
from downloads import expected_language, ordering, queue, retries, why
from downloads.admin import cells
from downloads.admin.filters import EpisodeFilter, HostFilter, LanguageFilter, SeriesFilter
from downloads.models import Attempt, Priority, QuarantinedFile, QueueItem

_ACT = ("act",)


class _Shown(NotByHand, TabularInline):
    """Rows of an item that only verbs change."""

    extra = 0


class AttemptInline(_Shown):
    model = Attempt
    fields = ("provider", "language", "started_at", "ended_at", "amount", "outcome", "error", "next_step")
    readonly_fields = ("amount",)

    @display(description=_("received"))
    def amount(self, attempt: Attempt) -> str:
        return size(attempt.bytes)


class QuarantineInline(_Shown):
    model = QuarantinedFile
    fields = ("provider", "language", "amount", "reason", "created_at", "accepted_at")
    readonly_fields = ("amount", "created_at")

    @display(description=_("size"))
    def amount(self, file: QuarantinedFile) -> str:
        return size(file.size)


@admin.register(QueueItem)
class QueueItemAdmin(Recorded, ReadOnly):
    about = _(
        "One row for each episode that shall be downloaded: how far it is, and why it is not further. "
        "Select rows to retry, cancel, pause or prioritise them."
    )
    when_empty = _("Queue episodes on the page of a series, or search for a series and add it.")
    live_rooms = ("downloads", "download_progress")
    live_seconds = 30
    list_display = ("what", "of_series", "state", "progress", "shown_priority", "spoken", "host", "reason", "added")
    list_filter = ("status", "pause_reason", "priority", LanguageFilter, HostFilter, SeriesFilter, EpisodeFilter)
    search_fields = ("series__name", "series__key", "episode__title", "error_message")
    date_hierarchy = "created_at"
    list_select_related = ("series", "episode")
    ordering = ("-id",)
    inlines = (AttemptInline, QuarantineInline)
    actions = ("retry", "cancel", "pause", "resume", "to_the_top", "high_priority", "normal_priority", "low_priority")
    fieldsets = (
        (None, {"fields": ("explanation", "related", "status", "pause_reason", "priority", "spoken", "provider")}),
        (
            _("Progress"),
            {"fields": ("progress", "received", "next_attempt_at", "upgrade", "note", "error_message")},
        ),
        (
            _("Times and places"),
            {
                "fields": (
                    *("created_at", "started_at", "completed_at", "updated_at"),
                    *("file_destination", "requested_by"),
                )
            },
        ),
    )
    readonly_fields = ("explanation", "related", "spoken", "progress", "received")

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """A series is linked for whom may see it in the admin."""
        if request.user.has_perm("library.view_series"):
            return list(self.list_display)
        return ["series_name" if name == "of_series" else name for name in self.list_display]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if request.user.has_perm("library.view_series"):
            return self.fieldsets
        (title, first), *others = self.fieldsets
        return [(title, {"fields": [name for name in first["fields"] if name != "related"]}), *others]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QueueItem]:
        return expected_language.with_tried(super().get_queryset(request))

    @display(description=_("language"), ordering="language")
    def spoken(self, item: QueueItem) -> str:
        return expected_language.of(item, getattr(item, "tried_language", None) or "")

    @display(description=_("series"), ordering="series__name")
    def series_name(self, item: QueueItem) -> str:
        return item.series.name

    @display(description=_("episode"))
    def what(self, item: QueueItem) -> str:
        return f"{item.episode.code} {item.episode.title}".strip()

    @display(description=_("series"), ordering="series__name")
    def of_series(self, item: QueueItem) -> SafeString:
        return to_row("library_series", item.series_id, item.series.name)

    @display(description=_("status"), ordering="status", label=cells.COLOURS)
    def state(self, item: QueueItem) -> tuple[str, str]:
        return item.status, item.get_status_display()

    @display(description=_("progress"), ordering="progress_percent")
    def progress(self, item: QueueItem) -> SafeString | str:
        return cells.progress(item)

    @display(description=_("priority"), ordering="priority")
    def shown_priority(self, item: QueueItem) -> str:
        return item.get_priority_display()

    @display(description=_("host"), ordering="provider")
    def host(self, item: QueueItem) -> str:
        return item.provider or "–"

    @display(description=_("why"))
    def reason(self, item: QueueItem) -> SafeString:
        parked = item.get_pause_reason_display() if item.pause_reason else ""
        return cells.cut(" · ".join(part for part in (parked, item.error_message or item.note) if part))

    @display(description=_("added"), ordering="id")
    def added(self, item: QueueItem) -> str:
        return ago(item.created_at)

    @display(description=_("received"))
    def received(self, item: QueueItem) -> str:
        return f"{size(item.downloaded_bytes)} / {size(item.total_bytes)}"

    @display(description=_("belongs to"))
    def related(self, item: QueueItem) -> SafeString:
        return named(
            to_row("library_series", item.series_id, item.series.name),
            to_row("library_episode", item.episode_id, item.episode.code),
            to_list("downloads_attempt", gettext("Attempts"), item=item.pk),
            to_list("downloads_queueitem", gettext("The series in the queue"), series=item.series_id),
        )

    @display(description=_("why, and what next"))
    def explanation(self, item: QueueItem) -> SafeString:
        answer = why.of_item(item)
        ahead = [_("In the way: %s") % entry.text for entry in answer.obstacles]
        when = [date_format(timezone.localtime(answer.next_at), "DATETIME_FORMAT")] if answer.next_at else []
        lines = [answer.reason, *ahead, _("Next: %s") % answer.next_step, *when]
        address = reverse("queue-one", args=[item.pk])
        told = format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines))
        return format_html('{}<br><a class="to" href="{}">{}</a>', told, address, _("The whole way"))

    @admin.action(description=_("Retry"), permissions=_ACT)
    def retry(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._try(request, lambda: _told(queue.retry(list(items.values_list("pk", flat=True)))))

    @admin.action(description=_("Cancel or clear away"), permissions=_ACT)
    @confirmed(_("What waits or runs is cancelled, what has ended leaves the list. It can be taken back for a while."))
    def cancel(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        by = request.user if isinstance(request.user, User) else None
        self._try(request, lambda: (queue.cancel(list(items.values_list("pk", flat=True)), by).count, ""))

    @admin.action(description=_("Pause"), permissions=_ACT)
    def pause(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._try(request, lambda: (queue.pause_all(list(items.values_list("pk", flat=True))), ""))

    @admin.action(description=_("Resume"), permissions=_ACT)
    def resume(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._try(request, lambda: (queue.resume_all(list(items.values_list("pk", flat=True))), ""))

    @admin.action(description=_("Move to the top"), permissions=_ACT)
    def to_the_top(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        pending = items.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")
        ids = list(pending.values_list("pk", flat=True))

        def arrange() -> tuple[int, str]:
            if ids:
                ordering.arrange(ids)
            return len(ids), ""

        self._try(request, arrange)

    @admin.action(description=_("Priority high"), permissions=_ACT)
    def high_priority(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._prioritise(request, items, Priority.HIGH)

    @admin.action(description=_("Priority normal"), permissions=_ACT)
    def normal_priority(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._prioritise(request, items, Priority.NORMAL)

    @admin.action(description=_("Priority low"), permissions=_ACT)
    def low_priority(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        self._prioritise(request, items, Priority.LOW)

    def _prioritise(self, request: HttpRequest, items: QuerySet[QueueItem], priority: int) -> None:
        self._try(request, lambda: (sum(queue.prioritise(item, priority) for item in items), ""))

    def _try(self, request: HttpRequest, verb: Any) -> None:
        """Says how many were changed, and why others were left alone; a refusal is a message."""
        try:
            done, left = verb()
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return
        text = ngettext("%d item changed.", "%d items changed.", done) % done
        level = messages.SUCCESS if done else messages.WARNING
        self.message_user(request, f"{text} {left}" if left else text, level)


def _told(answer: tuple[list[int], list[dict[str, Any]]]) -> tuple[int, str]:
    return len(answer[0]), retries.why_left(answer[1])
