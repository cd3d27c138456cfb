"""Files that failed their check: looked at, accepted, or deleted."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.accounts.models import User
from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago, duration, size
from downloads import acceptance, quarantine
from downloads.admin import cells
from downloads.admin.filters import HostFilter, LanguageFilter, SeriesOfItemFilter
from downloads.models import QuarantinedFile, QueueItem


@admin.register(QuarantinedFile)
class QuarantinedFileAdmin(Recorded, ReadOnly):
    about = _(
        "Files that came whole but failed their check: too short, of another kind, broken inside. "
        "Accept one that is right after all, or delete it."
    )
    when_empty = _("Nothing failed its check.")
    live_rooms = ("downloads",)
    list_display = ("when", "episode", "provider", "language", "why", "amount", "plays", "on_its_way")
    list_filter = (HostFilter, LanguageFilter, SeriesOfItemFilter)
    search_fields = ("item__series__name", "reason", "provider")
    date_hierarchy = "created_at"
    list_select_related = ("item__series", "item__episode")
    actions = ("accept", "discard")
    fields = ("episode", "provider", "language", "amount", "plays", "reason", "created_at", "place", "path",
              "accepted_at", "accepted_by")  # fmt: skip
    readonly_fields = ("episode", "amount", "plays")

    @display(description=_("kept"), ordering="created_at")
    def when(self, row: QuarantinedFile) -> str:
        return ago(row.created_at)

    @display(description=_("episode"), ordering="item__series__name")
    def episode(self, row: QuarantinedFile) -> SafeString:
        return cells.item_link(row.item)

    @display(description=_("why"), ordering="reason")
    def why(self, row: QuarantinedFile) -> SafeString:
        return cells.cut(row.reason)

    @display(description=_("size"), ordering="size")
    def amount(self, row: QuarantinedFile) -> str:
        return size(row.size)

    @display(description=_("plays"))
    def plays(self, row: QuarantinedFile) -> str:
        return " · ".join(part for part in (duration(row.duration) if row.duration else "", row.quality) if part) or "–"

    @display(description=_("accepted"))
    def on_its_way(self, row: QuarantinedFile) -> str:
        return str(_("moves into the library")) if row.is_on_its_way else "–"

    @admin.action(description=_("Accept anyway"), permissions=("act",))
    def accept(self, request: HttpRequest, rows: QuerySet[QuarantinedFile]) -> None:
        by = request.user if isinstance(request.user, User) else None
        self._each(request, rows, lambda row: _accepted(acceptance.accept(row, by)))

    @admin.action(description=_("Delete"), permissions=("act",))
    @confirmed(_("The files are deleted for good; their episodes are fetched anew."))
    def discard(self, request: HttpRequest, rows: QuerySet[QuarantinedFile]) -> None:
        def delete(row: QuarantinedFile) -> str:
            quarantine.delete(row)
            return gettext("The file of “%s” is deleted.") % row.item

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
        return gettext("“%s” is in the library now.") % item
    if item.status == QueueItem.Status.DOWNLOADING:
        return gettext("“%s” is being copied into the library, which is on another disk.") % item
    return gettext("“%(item)s” is accepted and moves into the library as soon as that is possible: %(why)s") % {
        "item": item,
        "why": item.error_message,
    }
