"""Series in the admin: how far they are loaded, what is missing, and what is on disk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.filters import one_of
from aniworld.admin_pages.links import named, to_list
from aniworld.admin_pages.pages import Page
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago
from library import catalog, listing, scanning
from library.metadata import choosing
from library.models import Series
from library.models.loading_state import PARTS
from providers.models import Provider

_ACT = ("change",)
_LIGHTS = {
    Series.Loading.PENDING: "info",
    Series.Loading.EPISODES: "warning",
    Series.Loading.NFO: "warning",
    Series.Loading.LOGO: "warning",
    Series.Loading.IMAGES: "warning",
    Series.Loading.COMPLETED: "success",
    Series.Loading.FAILED: "danger",
}


class RemovedFilter(admin.SimpleListFilter):
    """Removed series are hidden until asked for."""

    title = _("removed")
    parameter_name = "removed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Removed")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Series]) -> QuerySet[Series]:
        if self.value() == "all":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "yes")

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        return [{**everything, "display": _("In the library")}, *others]


def _catalogues() -> list[tuple[str, str]]:
    return list(Provider.objects.filter(kind=Provider.Kind.CATALOGUE).values_list("name", "display_name"))


@admin.register(Series)
class SeriesAdmin(Recorded, Page):
    about = _(
        "The series of the library: how far each is loaded, and what is missing of it. "
        "Select rows to load them anew, scan their folders, monitor or remove them."
    )
    when_empty = _("Search for a series in the library and add it; or scan a folder that has some.")
    live_rooms = ("series",)
    live_seconds = 60
    plain_fields = ("key",)
    told_fields = ("monitored", "deleted_at")
    list_display = ("name", "year", "provider", "loading", "status", "missing", "monitored", "jump", "added")
    list_filter = (
        *(RemovedFilter, "loading_status", "status", "monitored"),
        one_of("provider", _("catalogue"), _catalogues),
    )
    search_fields = ("name", "key", "folder", "alternative_titles")
    date_hierarchy = "created_at"
    ordering = ("name",)
    list_filter_submit = True
    actions = (
        *("load_missing", "load_anew", "load_metadata", "replace_metadata", "scan", "monitor", "stop_monitoring"),
        *("remove_softly", "restore"),
    )
    readonly_fields = (
        *("key", "provider", "slug", "site", "total_episodes", "loading_status", "loading_message", "loading_error"),
        *("episodes_loaded", "nfo_loaded", "logo_loaded", "images_loaded", "loading_started_at"),
        *("loading_completed_at", "has_nfo", "nfo_created_at", "nfo_updated_at", "deleted_at", "created_at", "related"),
        *("checked_at", "next_check_at", "check_error"),
    )
    fieldsets = (
        (None, {"fields": ("related", "key", "name", "folder", "monitored", "language_plan", "download_when_loaded")}),
        (_("Description"), {"fields": ("year", "status", "description", "cover_url", "genres", "alternative_titles")}),
        (_("Origin"), {"fields": ("provider", "slug", "site", "tmdb_id", "tmdb_refused", "tvdb_id", "imdb_id")}),
        (_("Monitoring"), {"fields": ("checked_at", "next_check_at", "check_error")}),
        (
            _("Loading"),
            {
                "fields": (
                    *("loading_status", "loading_message", "loading_error", "episodes_loaded", "nfo_loaded"),
                    *("logo_loaded", "images_loaded", "loading_started_at", "loading_completed_at", "total_episodes"),
                    *("has_nfo", "nfo_created_at", "nfo_updated_at", "deleted_at", "created_at"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Series]:
        return listing.counted(Series.objects.all())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A series comes from a catalogue or from the disk, never from a form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only softly, by the action."""
        return False

    def save_model(self, request: HttpRequest, obj: Series, form: Any, change: bool) -> None:
        """Through the verbs, so that listeners are told."""
        decided = {name: form.cleaned_data[name] for name in form.changed_data}
        verb = {name: decided.pop(name) for name in ("monitored", "language_plan", "folder", "name") if name in decided}
        stored = Series.objects.get(pk=obj.pk)
        try:
            stored.change(**verb)
            stored.describe(decided)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    @display(description=_("loading"), ordering="loading_status", label=_LIGHTS)
    def loading(self, series: Series) -> tuple[str, str]:
        return series.loading_status, series.get_loading_status_display()

    @display(description=_("missing"), ordering="missing_episodes")
    def missing(self, series: Any) -> SafeString:
        text = f"{series.missing_episodes} / {series.episode_count}"
        return to_list("library_episode", text, series=series.pk, is_downloaded__exact=0)

    @display(description=_("shows"))
    def jump(self, series: Series) -> SafeString:
        return named(_page(series), to_list("downloads_queueitem", gettext("Queue"), series=series.pk))

    @display(description=_("shows"))
    def related(self, series: Series) -> SafeString:
        links = (
            ("library_episode", gettext("Episodes")),
            ("library_episodefile", gettext("Files")),
            ("downloads_queueitem", gettext("Queue")),
            ("downloads_attempt", gettext("Attempts")),
            ("library_finding", gettext("Findings")),
        )
        return named(_page(series), _specials(series), *(to_list(of, text, series=series.pk) for of, text in links))

    @display(description=_("added"), ordering="created_at")
    def added(self, series: Series) -> str:
        return ago(series.created_at)

    @admin.action(description=_("Load what is missing or failed"), permissions=_ACT)
    def load_missing(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, catalog.reload, _loaded)

    @admin.action(description=_("Load everything anew"), permissions=_ACT)
    def load_anew(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, lambda series: catalog.reload(series, PARTS), _loaded)

    @admin.action(description=_("Load metadata anew: NFO files, logo and pictures"), permissions=_ACT)
    def load_metadata(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, lambda series: catalog.reload(series, choosing.PARTS), _loaded)

    @admin.action(description=_("Load metadata anew, also over files that others made"), permissions=_ACT)
    @confirmed(_("NFO files and pictures that you or another program made are replaced."))
    def replace_metadata(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, lambda series: catalog.reload(series, choosing.PARTS, overwrite=True), _loaded)

    @admin.action(description=_("Scan their folders"), permissions=_ACT)
    def scan(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        try:
            scanning.start_folders(sorted(set(rows.values_list("folder", flat=True))))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return
        self.message_user(request, gettext("The scan begins."), messages.SUCCESS)

    @admin.action(description=_("Monitor"), permissions=_ACT)
    def monitor(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, lambda series: series.change(monitored=True), _changed)

    @admin.action(description=_("Stop monitoring"), permissions=_ACT)
    def stop_monitoring(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, lambda series: series.change(monitored=False), _changed)

    @admin.action(description=_("Remove from the library, keep the files"), permissions=_ACT)
    @confirmed(_("They leave the library and its lists. Files stay where they are, and “Restore” brings them back."))
    def remove_softly(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, lambda series: series.remove(), _changed)

    @admin.action(description=_("Restore"), permissions=_ACT)
    def restore(self, request: HttpRequest, rows: QuerySet[Series]) -> None:
        self.for_each(request, rows, catalog.restore, _changed)


def _page(series: Series) -> SafeString:
    return format_html('<a class="to" href="{}">{}</a>', reverse("series", args=[series.key]), gettext("Page"))


def _specials(series: Series) -> SafeString:
    address = reverse("series-specials", args=[series.key])
    return format_html('<a class="to" href="{}">{}</a>', address, gettext("Films and specials"))


def _changed(count: int) -> str:
    return ngettext("%d was changed.", "%d were changed.", count) % count


def _loaded(count: int) -> str:
    return ngettext("%d is loaded in the background.", "%d are loaded in the background.", count) % count
