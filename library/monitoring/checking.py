"""Looks a monitored series up at its catalogue: all of it now and then, single seasons when there are news of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, connections, transaction
from django.db.models import Max
from django.utils import timezone

from aniworld.configuration import store
from aniworld.live import publish as live
from aniworld.logs import about
from aniworld.refusals import Explained
from library import catalog
from library.episodes import parts_to_renew, write_details, write_episodes
from library.models import Episode, MonitoringLost, Series
from library.monitoring import due, newest, pacing
from providers import registry
from providers.contracts import SeasonEntry
from providers.exceptions import NotFound

log = logging.getLogger(__name__)

_MOST_TOLD = 50
# Series that get a time for their first check at one go.
_MOST_PLANNED = 500
_threads = threading.BoundedSemaphore(pacing.AT_ONCE)


def take_on() -> bool:
    """Begins what is due in threads of this process, and does not wait for them; False when all are busy.

    A site that hangs keeps no worker from its other tasks.
    """
    if not _threads.acquire(blocking=False):
        return False
    threading.Thread(target=_work_apart, name="monitoring", daemon=True).start()
    return True


def work() -> int:
    """Does everything that is due, one after the other; answers how many requests to catalogues' lists and checks."""
    count = sum(newest.ask(timetable) for timetable in due.newest_due())
    plan()
    while store.current().scheduler.enabled and (series := Series.objects.claim_for_check(pacing.AT_ONCE)):
        if count:
            time.sleep(pacing.PAUSE)
        check(series)
        count += 1
    return count


def plan() -> None:
    """Spreads the first full checks of series that have none planned over the time between two of them."""
    now = timezone.now()
    for series in Series.objects.unplanned()[:_MOST_PLANNED]:
        series.plan_check(now + timedelta(hours=1) + pacing.some_of(pacing.LATEST))


def check(series: Series) -> None:
    """Checks a series that the caller holds, and writes down how that ended. Raises nothing."""
    with about(series=series.key, provider=series.provider):
        try:
            _check(series)
        except MonitoringLost:
            log.info("Somebody else checks it now, or it was removed")
        except Exception as error:
            _postpone(series, error)


def _check(series: Series) -> None:
    now = timezone.now()
    in_full = series.is_due_in_full(now)
    catalogue = registry.catalogue(series.provider, series.wanted_languages()[0])
    details = catalogue.details(series.site or series.slug)
    before = _places(series)
    write_details(series, details, series.hold_check)
    for season in _to_read(details.seasons, None if in_full else series.news_seasons):
        write_episodes(series, catalogue.episodes(season), series.hold_check)
    after = _places(series)
    came = sorted(after - before)
    with transaction.atomic():
        series.hold_check(total_episodes=len(after))
        if came:
            _tell(series, came, [flag.removesuffix("_loaded") for flag in parts_to_renew(before, after)])
        series.finish_check(_next(series) if in_full else series.next_check_at)
    log.info("Checked: %d new episodes", len(came))


def _to_read(seasons: Sequence[SeasonEntry], numbers: Iterable[int] | None) -> list[SeasonEntry]:
    wanted = None if numbers is None else set(numbers)
    return [season for season in seasons if wanted is None or season.number in wanted]


def _tell(series: Series, came: Sequence[tuple[int, int]], parts: Sequence[str]) -> None:
    """New episodes are shown at once, and get their metadata."""
    news = [{"season": season, "episode": number} for season, number in came[:_MOST_TOLD]]
    facts = {"key": series.key, "name": series.name, "changed": ["episodes"], "new_episodes": news}
    live.publish("series_updated", facts)
    if series.loading_status == Series.Loading.COMPLETED:
        catalog.reload(series, parts)


def _next(series: Series) -> datetime | None:
    latest = Episode.objects.filter(series=series).aggregate(newest=Max("created_at"))["newest"]
    return pacing.next_full_check(series, latest, timezone.now())


def _postpone(series: Series, error: Exception) -> None:
    """What the outside does is told at the series; everything else is an error of this program, and logged as one."""
    if isinstance(error, Explained):
        log.warning("The check failed: %s", error)
    else:
        log.error("The check failed", exc_info=error)
    delay = pacing.again(series.check_failures, getattr(error, "retry_after", None))
    if isinstance(error, NotFound):
        delay = pacing.scattered(pacing.GONE_AGAIN)
    said = str(error) if isinstance(error, Explained) else type(error).__name__
    try:
        series.postpone_check(said, delay)
    except MonitoringLost:
        log.info("Somebody else checks it now, or it was removed")
    except DatabaseError:
        # Its lease runs out, and then it is checked again.
        log.exception("The end of the check could not be written")


def _places(series: Series) -> set[tuple[int, int]]:
    return set(Episode.objects.filter(series=series).values_list("season", "number"))


def _work_apart() -> None:
    try:
        work()
    except Exception:  # the thread has nobody else to tell
        log.exception("What is due could not be looked at; the next bell tries again")
    finally:
        _threads.release()
        connections.close_all()
