"""One series: what it is, which episodes are there, and what becomes of those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from aniworld.accounts.authentication import user_of
from aniworld.pages.access import members
from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Favorite, Series

RANKED = 200


@dataclass(frozen=True)
class LanguageMark:
    """A language of one episode: on `disk`, at the catalogue's `site`, or `absent` from both."""

    language: str
    where: str


@dataclass(frozen=True)
class EpisodeRow:
    """An episode with its state: disk, downloading, queued, paused, failed, missing, or nowhere to be had."""

    episode: Episode
    marks: list[LanguageMark]
    state: str
    item: QueueItem | None
    rank: int | None
    size: int | None


@dataclass(frozen=True)
class SeasonTab:
    """How much of a season is there."""

    number: int
    total: int
    present: int


def seasons_of(series: Series) -> list[SeasonTab]:
    """In order, specials and films last."""
    counted = (
        series.episodes.order_by()
        .values("season")
        .annotate(total=Count("pk"), present=Count("pk", filter=Q(is_downloaded=True)))
    )
    tabs = [SeasonTab(row["season"], row["total"], row["present"]) for row in counted]
    return sorted(tabs, key=lambda tab: (tab.number == 0, tab.number))


def chosen_season(tabs: Sequence[SeasonTab], asked: str | None) -> int | None:
    """The season asked for if it exists, else the first one that misses something, else the first."""
    if asked is not None and any(str(tab.number) == asked for tab in tabs):
        return int(asked)
    incomplete = (tab.number for tab in tabs if tab.present < tab.total)
    return next(incomplete, tabs[0].number if tabs else None)


def _items_of(series: Series) -> dict[int, QueueItem]:
    """For each episode the queue item that tells most: a live one, else the latest failure."""
    told = QueueItem.objects.listed().filter(series=series, status__in=[*QueueItem.LIVE, QueueItem.Status.FAILED])
    ordered = sorted(told, key=lambda item: (item.status in QueueItem.LIVE, item.pk))
    return {item.episode_id: item for item in ordered}


def _ranks() -> dict[int, int]:
    """The places of those that come next in the whole queue."""
    waiting = QueueItem.objects.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")
    return {pk: rank for rank, pk in enumerate(waiting.values_list("pk", flat=True)[:RANKED], start=1)}


def _marks(episode: Episode, files: Sequence[EpisodeFile], order: Sequence[str]) -> list[LanguageMark]:
    on_disk = {file.language for file in files}
    at_site = set(episode.languages)
    known = [*order, *sorted((on_disk | at_site) - set(order))]
    where = {language: "disk" if language in on_disk else "site" for language in on_disk | at_site}
    return [LanguageMark(language, where[language]) for language in known if language in where]


def _state(episode: Episode, item: QueueItem | None) -> str:
    if item and item.status in QueueItem.LIVE:
        names: Mapping[str, str] = {QueueItem.Status.DOWNLOADING: "downloading", QueueItem.Status.PAUSED: "paused"}
        return names.get(item.status, "queued")
    if episode.is_downloaded:
        return "disk"
    return "failed" if item else "missing"


def rows_of(series: Series, season: int | None) -> list[EpisodeRow]:
    """The rows of one season, at the same cost for 2 as for 2,000 episodes."""
    if season is None:
        return []
    items, ranks, order = _items_of(series), _ranks(), [str(language) for language in series.wanted_languages()]
    rows = []
    for episode in series.episodes.filter(season=season).order_by("number").prefetch_related("files"):
        item, files = items.get(episode.pk), list(episode.files.all())
        rows.append(
            EpisodeRow(
                episode=episode,
                marks=_marks(episode, files, order),
                state=_state(episode, item),
                item=item,
                rank=ranks.get(item.pk) if item else None,
                size=max((file.size for file in files), default=None),
            )
        )
    return rows


def _steps(series: Series) -> list[tuple[str, bool]]:
    """The parts that adding loads, and whether each is done."""
    return list(series.loading_progress.items())


def find(key: str) -> Series:
    """The live series of that key. Raises Http404."""
    if "\x00" in key:
        raise Http404
    return get_object_or_404(Series.objects.live(), key=key)


def _shown(request: HttpRequest, key: str) -> dict[str, Any]:
    series = find(key)
    tabs = seasons_of(series)
    season = chosen_season(tabs, request.GET.get("season"))
    query = f"?season={season}" if season is not None else ""
    busy = QueueItem.objects.live().filter(series=series).values("episode")
    return {
        "series": series,
        "is_favorite": Favorite.objects.of(user_of(request)).filter(series=series).exists(),
        "tabs": tabs,
        "season": season,
        "rows": rows_of(series, season),
        "plan": [str(language) for language in series.wanted_languages()],
        "episode_count": sum(tab.total for tab in tabs),
        "present_count": sum(tab.present for tab in tabs),
        "missing_count": sum(tab.total - tab.present for tab in tabs),
        "addable_count": series.episodes.filter(is_downloaded=False).exclude(pk__in=busy).count(),
        "unloaded": series.loading_status == Series.Loading.FAILED and not tabs,
        "loading": series.loading_status not in (Series.Loading.COMPLETED, Series.Loading.FAILED),
        "steps": _steps(series),
        "part_address": reverse("series-part", args=[series.key]) + query,
    }


@members
def page(request: HttpRequest, key: str) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/series.html", _shown(request, key))


@members
def part(request: HttpRequest, key: str) -> HttpResponse:
    """All that changes while it is looked at."""
    return render(request, "parts/series.html", _shown(request, key))
