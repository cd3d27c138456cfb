"""Series, episodes, files and favourites in the admin. Every action calls the same verbs as the API."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from aniworld.refusals import Refused
from library import catalog, listing
from library.admin_lists import for_each, link_to
from library.metadata import choosing
from library.models import Episode, EpisodeFile, Favorite, Series
from library.models.loading_state import PARTS
from library.scanner.admin import FindingAdmin, ScanAdmin

__all__ = ["EpisodeAdmin", "EpisodeFileAdmin", "FavoriteAdmin", "FindingAdmin", "ScanAdmin", "SeriesAdmin"]

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


@admin.register(Series)
class SeriesAdmin(ModelAdmin):
    """The series with how far they are loaded and what is missing of them."""

    list_display = ("name", "year", "provider", "loading", "status", "missing", "files", "monitored", "created_at")
    list_filter = (RemovedFilter, "loading_status", "status", "monitored", "provider")
    search_fields = ("name", "key", "folder", "alternative_titles")
    ordering = ("name",)
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    actions = (
        *("load_anew", "load_missing", "load_metadata", "replace_metadata", "monitor", "stop_monitoring"),
        *("remove_softly", "restore"),
    )
    readonly_fields = (
        *("key", "provider", "slug", "site", "total_episodes", "loading_status", "loading_message", "loading_error"),
        *("episodes_loaded", "nfo_loaded", "logo_loaded", "images_loaded", "loading_started_at"),
        *("loading_completed_at", "has_nfo", "nfo_created_at", "nfo_updated_at", "deleted_at", "created_at"),
    )
    fieldsets = (
        (None, {"fields": ("key", "name", "folder", "monitored", "language_plan", "download_when_loaded")}),
        (_("Description"), {"fields": ("year", "status", "description", "cover_url", "genres", "alternative_titles")}),
        (_("Origin"), {"fields": ("provider", "slug", "site", "tmdb_id", "tvdb_id", "imdb_id")}),
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
        return link_to("episode", text, series__id__exact=series.pk, is_downloaded__exact=0)

    @display(description=_("files"))
    def files(self, series: Series) -> SafeString:
        return link_to("episodefile", _("Show"), episode__series__id__exact=series.pk)

    @admin.action(description=_("Load everything anew"))
    def load_anew(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, lambda series: catalog.reload(series, PARTS))

    @admin.action(description=_("Load metadata anew: NFO files, logo and pictures"))
    def load_metadata(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, lambda series: catalog.reload(series, choosing.PARTS))

    @admin.action(description=_("Load metadata anew, also over files that others made"))
    def replace_metadata(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, lambda series: catalog.reload(series, choosing.PARTS, overwrite=True))

    @admin.action(description=_("Load what is missing or failed"))
    def load_missing(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, catalog.reload)

    @admin.action(description=_("Monitor"))
    def monitor(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, lambda series: series.change(monitored=True))

    @admin.action(description=_("Stop monitoring"))
    def stop_monitoring(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, lambda series: series.change(monitored=False))

    @admin.action(description=_("Remove from the library, keep the files"))
    def remove_softly(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, lambda series: series.remove())

    @admin.action(description=_("Restore"))
    def restore(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        for_each(request, queryset, catalog.restore)


class FilesOfEpisode(TabularInline):
    """The files of an episode, to look at."""

    model = EpisodeFile
    fields = readonly_fields = ("path", "language", "size", "duration_seconds", "quality")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Episode)
class EpisodeAdmin(ModelAdmin):
    """Episodes as the catalogue lists them."""

    list_display = ("code", "series_link", "title", "on_disk", "listed_in", "download_date")
    list_filter = ("is_downloaded", ("series", admin.RelatedOnlyFieldListFilter), "season")
    search_fields = ("title", "title_alt", "series__name", "series__key")
    list_select_related = ("series",)
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("series",)
    readonly_fields = ("series", "season", "number", "link", "languages", "is_downloaded", "download_date")
    inlines = (FilesOfEpisode,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(description=_("series"), ordering="series__name")
    def series_link(self, episode: Episode) -> SafeString:
        address = reverse("admin:library_series_change", args=[episode.series_id])
        return format_html('<a href="{}">{}</a>', address, episode.series)

    @display(description=_("on disk"), boolean=True, ordering="is_downloaded")
    def on_disk(self, episode: Episode) -> bool:
        return episode.is_downloaded

    @display(description=_("languages"))
    def listed_in(self, episode: Episode) -> str:
        return ", ".join(episode.languages)


@admin.register(EpisodeFile)
class EpisodeFileAdmin(ModelAdmin):
    """Files in the library as they were last seen."""

    list_display = ("path", "episode_link", "language", "megabytes", "quality", "created_at")
    list_filter = ("language", "quality")
    search_fields = ("path", "episode__series__name")
    list_select_related = ("episode__series",)
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ("episode", "path", "size", "duration_seconds", "mtime", "quality", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(description=_("episode"))
    def episode_link(self, file: EpisodeFile) -> SafeString:
        address = reverse("admin:library_episode_change", args=[file.episode_id])
        return format_html('<a href="{}">{} {}</a>', address, file.episode.series, file.episode.code)

    @display(description=_("MB"), ordering="size")
    def megabytes(self, file: EpisodeFile) -> str:
        return f"{file.size / 1_000_000:.1f}"


@admin.register(Favorite)
class FavoriteAdmin(ModelAdmin):
    """Everybody's favourites."""

    list_display = ("series", "user", "rating", "custom_title", "created_at")
    list_filter = (("user", admin.RelatedOnlyFieldListFilter), "rating")
    search_fields = ("series__name", "custom_title", "user__username")
    list_select_related = ("series", "user")
    autocomplete_fields = ("series",)
