"""Queues by itself what monitored series have to offer. docs/monitoring.md says by which rules."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aniworld.refusals import Refused
from downloads import queue, upgrades
from downloads.models import QueueItem
from library.models import Episode, Series
from library.root import LibraryUnavailable

logger = logging.getLogger(__name__)

# Series that one look at new episodes takes on: the queue's row is locked for each.
_MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Queued:
    """How many episodes were queued, and how many of them replace a lesser language."""

    episodes: int = 0
    upgrades: int = 0

    def __add__(self, other: Queued) -> Queued:
        return Queued(self.episodes + other.episodes, self.upgrades + other.upgrades)


def queue_found() -> Queued:
    """Queues the episodes that monitoring has found new, once each."""
    total = Queued()
    rows = Episode.objects.filter(found_at__isnull=False)
    for pk in list(rows.order_by().values_list("series", flat=True).distinct()[:_MOST_AT_ONCE]):
        series, found = Series.objects.get(pk=pk), list(rows.filter(series=pk))
        try:
            if series.monitored and not series.deleted_at:
                total += _queue(series, found)
        except LibraryUnavailable:
            # They stay new until the folder is back.
            return total
        except Refused as refusal:
            logger.warning("New episodes of %s were not queued: %s", series.key, refusal)
        # Also those that nothing had to be queued for; but what is found anew meanwhile is looked at again.
        latest = max(episode.found_at for episode in found if episode.found_at)
        rows.filter(pk__in=[episode.pk for episode in found], found_at__lte=latest).passed_over()
    return total


def queue_missing(report: Callable[[Queued], bool]) -> Queued:
    """Queues what is missing of every monitored series, and better languages where a plan asks for them.

    `report` hears the sum after each series, and ends it by answering False. Raises `LibraryUnavailable`.
    """
    total = Queued()
    series_ids = Series.objects.live().filter(monitored=True).exclude(provider="").order_by("name", "id")
    for pk in list(series_ids.values_list("pk", flat=True)):
        series = Series.objects.live().filter(pk=pk, monitored=True).first()
        if series is not None:
            total += _queue_series(series)
        if not report(total):
            break
    return total


def _queue_series(series: Series) -> Queued:
    busy = set(QueueItem.objects.live().filter(series=series).values_list("episode", flat=True))
    missing = [episode for episode in queue.missing(series) if not episode.left_alone and episode.pk not in busy]
    try:
        return _queue(series, missing, with_upgrades=series.wants_upgrade)
    except LibraryUnavailable:
        raise
    except Refused as refusal:
        # It was removed at this moment, or lost its catalogue.
        logger.info("What is missing of %s was not queued: %s", series.key, refusal)
        return Queued()


def _queue(series: Series, episodes: Sequence[Episode], *, with_upgrades: bool = False) -> Queued:
    """What of it can be had in a wanted language; of what is there, a better one."""
    wanted = {language.value for language in series.wanted_languages()}
    missing = [episode for episode in episodes if not episode.is_downloaded and wanted & set(episode.languages)]
    there = [episode for episode in episodes if episode.is_downloaded]
    added = len(queue.enqueue(series, missing).added) if missing else 0
    better = upgrades.queue_for(series, None if with_upgrades else there) if there or with_upgrades else []
    if added or better:
        logger.info("Queued %d episodes of %s, and %d in a better language", added, series.key, len(better))
    return Queued(added + len(better), len(better))
