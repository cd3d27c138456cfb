"""One series: what it is, which episodes are there, and what becomes of those that are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.authentication import user_of
from aniworld.pages import folder_pictures
from aniworld.pages.access import members
from aniworld.pages.episodes import SeasonTab, chosen_season, coverage_of, rows_of, seasons_of
from downloads.models import QueueItem
from library.metadata import artwork
from library.models import EpisodeFile, Favorite, Series
from providers.contracts import LANGUAGES, Language
from providers.models import Provider

PART_WORDS = {"episodes": _("Episodes"), "nfo": _("Metadata"), "logo": _("Logo"), "images": _("Artwork")}
_UNDER_WAY = {
    Series.Loading.EPISODES: "episodes",
    Series.Loading.NFO: "nfo",
    Series.Loading.LOGO: "logo",
    Series.Loading.IMAGES: "images",
}


@dataclass(frozen=True)
class PartOfLoading:
    """One of the things that are loaded: `done`, `working`, `waiting` or `failed`."""

    name: str
    words: Any
    state: str


def find(key: str) -> Series:
    """The live series of that key. Raises Http404."""
    if "\x00" in key:
        raise Http404
    return get_object_or_404(Series.objects.live(), key=key)


def _parts(series: Series) -> list[PartOfLoading]:
    return [
        PartOfLoading(name, PART_WORDS[name], _state_of(series, name, is_done=is_done))
        for name, is_done in series.loading_progress.items()
    ]


def _state_of(series: Series, name: str, *, is_done: bool) -> str:
    if _UNDER_WAY.get(Series.Loading(series.loading_status)) == name:
        return "working"
    if is_done:
        return "done"
    return "failed" if series.loading_status == Series.Loading.FAILED else "waiting"


def _plan(series: Series) -> dict[str, Any]:
    """The wanted languages, and what the form that changes them starts with."""
    own = series.language_plan if isinstance(series.language_plan, dict) else {}
    wanted = [str(language) for language in series.wanted_languages()]
    order = [*(own.get("order") or wanted), *[""] * len(Language)][: len(Language)]
    return {
        "plan": wanted,
        "plan_order": order,
        "plan_is_own": bool(own.get("order")),
        "plan_fallback": bool(own.get("fallback", True)),
        "plan_upgrade": series.wants_upgrade,
        "languages": LANGUAGES,
    }


def _facts(series: Series) -> dict[str, Any]:
    """What is said beside the description."""
    files = EpisodeFile.objects.filter(episode__series=series)
    catalogue = Provider.objects.filter(name=series.provider).first() if series.provider else None
    return {
        "bytes": files.aggregate(bytes=Sum("size"))["bytes"] or 0,
        "catalogue": catalogue,
        "fanart": folder_pictures.is_there(series, artwork.FANART),
        "site": series.site if series.site.startswith(("http://", "https://")) else "",
    }


def _loading(series: Series, tabs: list[SeasonTab]) -> dict[str, Any]:
    """How far the loading is, as long as there is something to say of it."""
    return {
        "unloaded": series.loading_status == Series.Loading.FAILED and not tabs,
        "loading": series.loading_status not in (Series.Loading.COMPLETED, Series.Loading.FAILED),
        "parts": _parts(series),
    }


def shown(request: HttpRequest, key: str) -> dict[str, Any]:
    """Everything that the page shows of a series."""
    series = find(key)
    tabs = seasons_of(series)
    season = chosen_season(tabs, request.GET.get("season"))
    rows = rows_of(series, season)
    busy = QueueItem.objects.live().filter(series=series).values("episode")
    query = f"?season={season}" if season is not None else ""
    return {
        "series": series,
        "favorite": Favorite.objects.of(user_of(request)).filter(series=series).first(),
        "tabs": tabs,
        "season": season,
        "rows": rows,
        "coverage": coverage_of(rows),
        "episode_count": sum(tab.total for tab in tabs),
        "present_count": sum(tab.present for tab in tabs),
        "missing_count": sum(tab.total - tab.present for tab in tabs),
        "addable_count": series.episodes.filter(is_downloaded=False).exclude(pk__in=busy).count(),
        "part_address": reverse("series-part", args=[series.key]) + query,
        **_plan(series),
        **_facts(series),
        **_loading(series, tabs),
    }


@members
def page(request: HttpRequest, key: str) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/series.html", shown(request, key))


@members
def part(request: HttpRequest, key: str) -> HttpResponse:
    """All that changes while it is looked at."""
    return render(request, "parts/series.html", shown(request, key))
