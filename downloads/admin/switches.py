"""The queue's switches, and what can be taken back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.accounts.models import User
from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago
from downloads import queue
from downloads import undo as taking_back
from downloads.models import QueueState, Undo

_ACT = ("act",)


@admin.register(QueueState)
class QueueStateAdmin(Recorded, ReadOnly):
    about = _("Whether downloads run at all. Stopped: nothing runs. Paused: what runs may end, nothing new begins.")
    when_empty = _("The row comes with the first download; until then the queue runs.")
    live_rooms = ("downloads",)
    list_display = ("queue", "running", "paused", "changed")
    actions = ("start", "stop", "pause", "resume")
    fields = ("is_running", "is_paused", "updated_at")

    @display(description=_("queue"))
    def queue(self, row: QueueState) -> str:
        if not row.is_running:
            return gettext("The queue is stopped")
        return gettext("The queue is paused") if row.is_paused else gettext("The queue runs")

    @display(description=_("running"), boolean=True)
    def running(self, row: QueueState) -> bool:
        return row.is_running

    @display(description=_("paused"), boolean=True)
    def paused(self, row: QueueState) -> bool:
        return row.is_paused

    @display(description=_("changed"))
    def changed(self, row: QueueState) -> str:
        return ago(row.updated_at)

    @admin.action(description=_("Start"), permissions=_ACT)
    def start(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        self._switch(request, queue.start, gettext("The queue runs."))

    @admin.action(description=_("Stop"), permissions=_ACT)
    @confirmed(_("What runs goes back to the queue and keeps the bytes it has. Nothing is lost."))
    def stop(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        self._switch(request, queue.stop, gettext("The queue is stopped."))

    @admin.action(description=_("Pause"), permissions=_ACT)
    def pause(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        self._switch(request, queue.pause, gettext("The queue is paused."))

    @admin.action(description=_("Resume"), permissions=_ACT)
    def resume(self, request: HttpRequest, rows: QuerySet[QueueState]) -> None:
        self._switch(request, queue.resume, gettext("The queue goes on."))

    def _switch(self, request: HttpRequest, verb: Callable[[], object], told: str) -> None:
        verb()
        self.message_user(request, told, messages.SUCCESS)


@admin.register(Undo)
class UndoAdmin(Recorded, ReadOnly):
    about = _("What was removed, cleared or reordered and can be taken back for a while.")
    when_empty = _("Nothing was removed lately.")
    list_display = ("action", "by", "when", "until", "state_shown")
    list_filter = ("action", "used_at")
    list_select_related = ("user",)
    ordering = ("-created_at",)
    actions = ("take_back",)
    fields = ("action", "user", "created_at", "expires_at", "used_at")
    readonly_fields = ("created_at",)

    @display(description=_("by"), ordering="user__username")
    def by(self, row: Undo) -> str:
        return str(row.user or "–")

    @display(description=_("when"), ordering="created_at")
    def when(self, row: Undo) -> str:
        return ago(row.created_at)

    @display(description=_("possible until"), ordering="expires_at")
    def until(self, row: Undo) -> str:
        return ago(row.expires_at)

    @display(description=_("state"), label={"used": "info", "over": "warning", "open": "success"})
    def state_shown(self, row: Undo) -> tuple[str, str]:
        if row.used_at:
            return "used", gettext("taken back")
        return ("over", gettext("too late")) if row.expires_at <= timezone.now() else ("open", gettext("possible"))

    @admin.action(description=_("Take back"), permissions=_ACT)
    def take_back(self, request: HttpRequest, rows: QuerySet[Undo]) -> None:
        by = request.user if isinstance(request.user, User) else None
        self.for_each(
            request,
            rows,
            lambda row: taking_back.undo(row.pk, by),
            lambda count: ngettext("%d was taken back.", "%d were taken back.", count) % count,
        )
