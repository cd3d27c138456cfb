"""What the indexer was asked for, and what it knows beyond the library."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago
from integrations.torznab.models import KnownSeries, Lookup
from library import bell


@admin.register(Lookup)
class LookupAdmin(Recorded, ReadOnly):
    about = _(
        "What Sonarr, Prowlarr and the like searched for that is not in the library, and when the catalogues were "
        "asked for it. The answer is kept, and refreshed when it is asked for again."
    )
    when_empty = _("Nothing was looked for. The indexer is switched on in the configuration, “Media managers”.")
    list_display = ("__str__", "asked", "answered", "found_count", "error")
    search_fields = ("query",)
    date_hierarchy = "asked_at"
    fields = ("query", "asked_at", "begun_at", "done_at", "error", "found")
    readonly_fields = fields
    actions = ("ask_again",)

    @display(description=_("asked"), ordering="asked_at")
    def asked(self, row: Lookup) -> str:
        return ago(row.asked_at)

    @display(description=_("answered"), ordering="done_at")
    def answered(self, row: Lookup) -> str:
        return ago(row.done_at) if row.done_at else "–"

    @display(description=_("found"))
    def found_count(self, row: Lookup) -> int:
        return len(row.found)

    @admin.action(description=_("Ask the catalogues again"), permissions=("act",))
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Lookup]) -> None:
        count = queryset.count()
        for row in queryset:
            row.ask_again()
        bell.ring_for("integrations.torznab.tasks.look_up")
        told = ngettext("%d is asked again.", "%d are asked again.", count) % count
        self.message_user(request, told, messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is looked for again when it is asked for."""
        return self.has_act_permission(request)


@admin.register(KnownSeries)
class KnownSeriesAdmin(Recorded, ReadOnly):
    about = _("Series of the catalogues that are not in the library, as they were last read for a search.")
    when_empty = _("None yet: a search for a series that is not in the library finds some.")
    list_display = ("name", "provider", "slug", "year", "episode_count", "read")
    list_filter = ("provider",)
    search_fields = ("name", "slug")
    fields = ("name", "provider", "slug", "year", "alternative_titles", "imdb_id", "episode_count", "read_at")
    readonly_fields = fields

    @display(description=_("episodes"))
    def episode_count(self, row: KnownSeries) -> int:
        return len(row.episodes)

    @display(description=_("read"), ordering="read_at")
    def read(self, row: KnownSeries) -> str:
        return ago(row.read_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is read again when it is asked for."""
        return self.has_act_permission(request)
