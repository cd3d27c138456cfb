"""Episodes as the catalogue lists them, and the files of them on disk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from aniworld.admin_pages.filters import chosen_row, one_of
from aniworld.admin_pages.links import named, to_list, to_row
from aniworld.admin_pages.pages import Page
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago, duration, size
from library.models import Episode, EpisodeFile
from providers.contracts import Language


class FilesOfEpisode(TabularInline):
    """The files of an episode, to look at."""

    model = EpisodeFile
    fields = readonly_fields = ("path", "language", "amount", "plays", "quality")
    extra = 0
    can_delete = False

    @display(description=_("size"))
    def amount(self, file: EpisodeFile) -> str:
        return size(file.size)

    @display(description=_("plays"))
    def plays(self, file: EpisodeFile) -> str:
        return duration(file.duration_seconds)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Episode)
class EpisodeAdmin(Recorded, Page):
    about = _("Every episode that a catalogue lists, in which languages it can be had, and whether it is on disk.")
    when_empty = _("Add a series: its episodes are loaded in the background.")
    list_display = ("code", "series_link", "title", "on_disk", "listed_in", "arrived", "related")
    list_display_links = ("code", "title")
    list_filter = ("is_downloaded", chosen_row("series", "series", "library.Series", _("series")))
    search_fields = ("title", "title_alt", "series__name", "series__key")
    list_select_related = ("series",)
    autocomplete_fields = ("series",)
    readonly_fields = (
        "series",
        "season",
        "number",
        "link",
        "languages",
        "special_choice",
        "is_downloaded",
        "download_date",
        "related",
        "left_alone",
    )
    inlines = (FilesOfEpisode,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It would come back with the next look at the catalogue."""
        return False

    @display(description=_("series"), ordering="series__name")
    def series_link(self, episode: Episode) -> SafeString:
        return to_row("library_series", episode.series_id, episode.series)

    @display(description=_("on disk"), boolean=True, ordering="is_downloaded")
    def on_disk(self, episode: Episode) -> bool:
        return episode.is_downloaded

    @display(description=_("languages"))
    def listed_in(self, episode: Episode) -> str:
        return ", ".join(episode.languages) or "–"

    @display(description=_("arrived"))
    def arrived(self, episode: Episode) -> str:
        return ago(episode.download_date)

    @display(description=_("shows"))
    def related(self, episode: Episode) -> SafeString:
        return named(
            to_list("library_episodefile", gettext("Files"), episode=episode.pk),
            to_list("downloads_queueitem", gettext("Queue"), episode=episode.pk),
        )


@admin.register(EpisodeFile)
class EpisodeFileAdmin(Recorded, Page):
    about = _("The files in the library as the last scan or download saw them. To look again, scan their folder.")
    when_empty = _("Scan the library folder, or download an episode.")
    list_display = ("path", "episode_link", "language", "amount", "plays", "quality", "seen")
    list_filter = (
        one_of("language", _("language"), lambda: [(str(one), str(one)) for one in Language]),
        chosen_row("series", "episode__series", "library.Series", _("series")),
        chosen_row("episode", "episode", "library.Episode", _("episode")),
    )
    search_fields = ("path", "episode__series__name")
    list_select_related = ("episode__series",)
    readonly_fields = ("episode", "path", "amount", "plays", "quality", "created_at")
    fields = ("episode", "path", "language", "amount", "plays", "quality", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The disk says what is there: a file that is gone goes with the next scan."""
        return False

    @display(description=_("episode"))
    def episode_link(self, file: EpisodeFile) -> SafeString:
        return to_row("library_episode", file.episode_id, f"{file.episode.series} {file.episode.code}")

    @display(description=_("size"), ordering="size")
    def amount(self, file: EpisodeFile) -> str:
        return size(file.size)

    @display(description=_("plays"), ordering="duration_seconds")
    def plays(self, file: EpisodeFile) -> str:
        return duration(file.duration_seconds)

    @display(description=_("seen first"), ordering="created_at")
    def seen(self, file: EpisodeFile) -> str:
        return ago(file.created_at)
