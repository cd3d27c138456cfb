"""What TMDB announces, and who subscribes to the calendar."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.feeds import FeedPage
from aniworld.admin_pages.filters import chosen_row
from aniworld.admin_pages.links import to_row
from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago
from library.models import AnnouncedEpisode, CalendarFeed


@admin.register(AnnouncedEpisode)
class AnnouncedEpisodeAdmin(ReadOnly):
    about = _(
        "Every episode that TMDB lists, with its day: what the calendar expects, and what films are compared with."
    )
    when_empty = _("Enter a TMDB key in the configuration, and load the metadata of a series.")
    list_display = ("shown", "series_link", "title", "aired_on", "number_at_tmdb", "seen")
    list_display_links = ("shown", "title")
    list_filter = ("season", chosen_row("series", "series", "library.Series", _("series")))
    search_fields = ("title", "series__name", "series__key")
    list_select_related = ("series",)
    date_hierarchy = "aired_on"
    fields = ("series", "season", "number", "title", "aired_on", "tmdb_id")
    readonly_fields = fields

    @display(description=_("episode"))
    def shown(self, episode: AnnouncedEpisode) -> str:
        return str(episode)

    @display(description=_("series"), ordering="series__name")
    def series_link(self, episode: AnnouncedEpisode) -> SafeString:
        return to_row("library_series", episode.series_id, episode.series)

    @display(description="TMDB", ordering="tmdb_id")
    def number_at_tmdb(self, episode: AnnouncedEpisode) -> str:
        return str(episode.tmdb_id or "")

    @display(description=_("seen"), ordering="updated_at")
    def seen(self, episode: AnnouncedEpisode) -> str:
        return ago(episode.updated_at)


@admin.register(CalendarFeed)
class CalendarFeedAdmin(Recorded, FeedPage):
    about = _(
        "Who has the calendar in a program of their own. Closing a feed ends its address; its user can make another."
    )
    when_empty = _("Everybody makes their own on the calendar's page.")
