"""The seasons of a series, and the rows of one of them: what is there, queued and to be had, in which language."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from downloads import expected_language
from downloads.models import QueueItem
from library import held_files
from library.models import Episode, EpisodeFile, Series
from providers.contracts import LANGUAGES

RANKED = 200


@dataclass(frozen=True)
class LanguageMark:
    """A language of one episode: on `disk`, `queued`, at the catalogue's `site`, or `absent` from all three.

    `counts`: the catalogue lists it, or it is on disk.
    """

    language: str
    where: str
    counts: bool


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


@dataclass(frozen=True)
class Coverage:
    """In how many episodes of a season a language is on disk, and for how many it can be had at all."""

    language: str
    on_disk: int
    known: int


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


def rows_of(series: Series, season: int | None) -> list[EpisodeRow]:
    """The rows of one season, at the same cost for 2 as for 2,000 episodes."""
    if season is None:
        return []
    items, ranks = _items_of(series), _ranks()
    episodes = held_files.attached(series.episodes.filter(season=season).order_by("number"))
    queued = _languages(series, episodes, items)
    columns = _columns(series, episodes, queued)
    return [_row(episode, columns, items.get(episode.pk, []), queued[episode.pk], ranks) for episode in episodes]


def coverage_of(rows: Sequence[EpisodeRow]) -> list[Coverage]:
    """For each language of the rows that can be had or is there, in their order."""
    marks = [mark for row in rows for mark in row.marks if mark.counts]
    known = Counter(mark.language for mark in marks)
    on_disk = Counter(mark.language for mark in marks if mark.where == "disk")
    names = [mark.language for mark in rows[0].marks] if rows else []
    return [Coverage(name, on_disk[name], known[name]) for name in names if known[name]]


def _items_of(series: Series) -> Mapping[int, list[QueueItem]]:
    """The live items of each episode, else its latest failure; what tells most is last."""
    told = QueueItem.objects.listed().filter(series=series, status__in=[*QueueItem.LIVE, QueueItem.Status.FAILED])
    found: defaultdict[int, list[QueueItem]] = defaultdict(list)
    for item in sorted(told, key=lambda item: (item.status in QueueItem.LIVE, item.pk)):
        found[item.episode_id].append(item)
    return found


def _ranks() -> dict[int, int]:
    """The places of those that come next in the whole queue."""
    waiting = QueueItem.objects.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")
    return {pk: rank for rank, pk in enumerate(waiting.values_list("pk", flat=True)[:RANKED], start=1)}


def _languages(
    series: Series, episodes: Iterable[Episode], items: Mapping[int, Sequence[QueueItem]]
) -> dict[int, set[str]]:
    """The languages that are queued of each episode: those that its live items will bring."""
    live = {
        episode.pk: [item for item in items.get(episode.pk, ()) if item.status in QueueItem.LIVE]
        for episode in episodes
    }
    tried = expected_language.tried_last(item for several in live.values() for item in several)
    found: dict[int, set[str]] = {}
    for episode in episodes:
        for item in live[episode.pk]:
            item.series, item.episode = series, episode
        found[episode.pk] = {expected_language.of(item, tried.get(item.pk, "")) for item in live[episode.pk]}
    return found


def _columns(series: Series, episodes: Iterable[Episode], queued: Mapping[int, set[str]]) -> list[str]:
    """The languages that any of the episodes has or wants, those of the plan first."""
    known = {language for episode in episodes for language in _where(episode, queued[episode.pk])}
    order = [str(language) for language in series.wanted_languages()]
    order += [name for name in LANGUAGES if name not in order]
    return [name for name in order if name in known] + sorted(known - set(order))


def _where(episode: Episode, queued: Iterable[str]) -> dict[str, str]:
    """Where each language of an episode is; what is on disk matters more than that it can be had."""
    found = dict.fromkeys(episode.languages, "site") | dict.fromkeys(queued, "queued")
    return found | {file.language: "disk" for file in episode.held}


def _row(
    episode: Episode, columns: Sequence[str], items: Sequence[QueueItem], queued: set[str], ranks: Mapping[int, int]
) -> EpisodeRow:
    item, where = (items[-1] if items else None), _where(episode, queued)
    return EpisodeRow(
        episode=episode,
        marks=[_mark(episode, language, where.get(language, "absent")) for language in columns],
        state=_state(episode, item),
        item=item,
        rank=ranks.get(item.pk) if item else None,
        size=_size(episode.held),
    )


def _mark(episode: Episode, language: str, where: str) -> LanguageMark:
    return LanguageMark(language, where, counts=language in episode.languages or where == "disk")


def _size(files: Iterable[EpisodeFile]) -> int | None:
    return max((file.size for file in files), default=None)


def _state(episode: Episode, item: QueueItem | None) -> str:
    if item and item.status in QueueItem.LIVE:
        names: Mapping[str, str] = {QueueItem.Status.DOWNLOADING: "downloading", QueueItem.Status.PAUSED: "paused"}
        return names.get(item.status, "queued")
    if episode.is_downloaded:
        return "disk"
    return "failed" if item else "missing"
