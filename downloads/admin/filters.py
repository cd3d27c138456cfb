"""Filters of the queue's lists."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from aniworld.admin_pages.filters import chosen_row, one_of
from providers.contracts import Language
from providers.models import Provider


def _hosts() -> list[tuple[str, str]]:
    return list(Provider.objects.filter(kind=Provider.Kind.HOST).values_list("name", "display_name"))


HostFilter = one_of("provider", _("host"), _hosts)
LanguageFilter = one_of("language", _("language"), lambda: [(str(one), str(one)) for one in Language])
SeriesFilter = chosen_row("series", "series", "library.Series", _("series"))
EpisodeFilter = chosen_row("episode", "episode", "library.Episode", _("episode"))
ItemFilter = chosen_row("item", "item", "downloads.QueueItem", _("queue item"))
SeriesOfItemFilter = chosen_row("series", "item__series", "library.Series", _("series"))
