"""What was tried at which host, and how it ended."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.counting import BoundedPaginator
from aniworld.admin_pages.pages import ReadOnly
from aniworld.recorded import as_told
from aniworld.templatetags.quantities import ago, duration, size, speed
from downloads.admin import cells
from downloads.admin.filters import HostFilter, ItemFilter, LanguageFilter, SeriesOfItemFilter
from downloads.models import Attempt

_LIGHTS: dict[str, str] = {
    **dict.fromkeys(Attempt.FAILURES, "danger"),
    Attempt.Outcome.COMPLETED: "success",
    Attempt.Outcome.STALLED: "warning",
    Attempt.Outcome.SLOW: "warning",
    Attempt.Outcome.RATE_LIMITED: "warning",
    # A label without a colour would show the word of the database.
    Attempt.Outcome.CANCELLED: "primary",
    Attempt.Outcome.PARKED: "primary",
    "": "info",
}


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    about = _("Every try of an episode at a host: how it ended, why, and what was done next.")
    when_empty = _("The first download writes its tries down here.")
    live_rooms = ("downloads", "download_progress")
    live_seconds = 30
    list_display = ("when", "episode", "provider", "language", "result", "amount", "rate", "why", "then")
    list_filter = ("outcome", HostFilter, LanguageFilter, SeriesOfItemFilter, ItemFilter)
    search_fields = ("item__series__name", "error", "provider")
    date_hierarchy = "started_at"
    list_select_related = ("item__series", "item__episode")
    ordering = ("-id",)
    paginator = BoundedPaginator
    fields = ("episode", "provider", "language", "started_at", "ended_at", "amount", "rate", "result", "error",
              "next_step")  # fmt: skip
    readonly_fields = ("episode", "amount", "rate", "result")

    @display(description=_("begun"), ordering="id")
    def when(self, attempt: Attempt) -> str:
        return ago(attempt.started_at)

    @display(description=_("episode"))
    def episode(self, attempt: Attempt) -> SafeString:
        return cells.item_link(attempt.item)

    @display(description=_("outcome"), ordering="outcome", label=_LIGHTS)
    def result(self, attempt: Attempt) -> tuple[str, str]:
        return attempt.outcome, attempt.get_outcome_display() or str(_("running"))

    @display(description=_("received"), ordering="bytes")
    def amount(self, attempt: Attempt) -> str:
        return size(attempt.bytes)

    @display(description=_("speed"))
    def rate(self, attempt: Attempt) -> str:
        seconds = (attempt.ended_at - attempt.started_at).total_seconds() if attempt.ended_at else 0
        return f"{speed(attempt.bytes / seconds)} · {duration(seconds)}" if attempt.bytes and seconds > 0 else "–"

    @display(description=_("why"))
    def why(self, attempt: Attempt) -> SafeString:
        return cells.cut(as_told(attempt.error))

    @display(description=_("next step"))
    def then(self, attempt: Attempt) -> str:
        return as_told(attempt.next_step)
