"""Loads what catalogues know of the series that wait for it: a few at a time, safe against being killed.

Each series has a thread of its own. It is a daemon, and whoever rings does not wait for it: a site that hangs keeps
neither a worker nor another series from its work.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from django.db import DatabaseError, connections
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.configuration import store
from aniworld.logs import about
from aniworld.refusals import Explained
from library import bell
from library.lease import LeaseKeeper
from library.models import LoadingLost, Series
from library.models.loading_state import DATABASE_RETRIES, NETWORK_RETRIES
from providers.exceptions import ConnectionFailed, RateLimited, ServerFailed, TimedOut

log = logging.getLogger(__name__)

# What loads each part, in this order; imported on first use: pictures and XML take 8 MB that few processes need.
PART_WORK = {
    "episodes": "library.episodes.load_episodes",
    "nfo": "library.metadata.parts.load_nfo",
    "logo": "library.metadata.parts.load_logo",
    "images": "library.metadata.parts.load_images",
}
_NETWORK_ERRORS = (ConnectionFailed, TimedOut, ServerFailed, RateLimited)
# How often, in seconds, who waits for the end looks for series that were added meanwhile.
_LOOK_EVERY = 0.5
# At most one bell of the sweep in so many seconds, however often it looks.
_SWEEP_PAUSE = 3.0
_last_sweep = 0.0


def take_on() -> int:
    """Begins to load the series that wait, up to `library.max_concurrent_loads` over all processes.

    Answers how many it took on, and does not wait for them: each thread takes on what waits when it is through.
    """
    return _Crew().take_on()


def load_pending() -> int:
    """Loads every series that waits and that nobody else takes on; answers how many, when all of them are through."""
    crew = _Crew()
    crew.take_on()
    while not crew.keeper.is_idle:
        crew.keeper.wait(_LOOK_EVERY)
        crew.take_on()
    return crew.taken


class _Crew:
    """The threads that came of one bell."""

    def __init__(self) -> None:
        self.keeper = LeaseKeeper()
        self.taken = 0
        self._lock = threading.Lock()

    def take_on(self) -> int:
        """Starts a thread for each series that it could claim; answers how many."""
        count = 0
        limit = store.current().library.max_concurrent_loads
        while series := Series.objects.claim_for_loading(limit):
            count += 1
            token = self.keeper.keep(series)
            name = f"load-{series.key}"
            threading.Thread(target=self._work, args=(series, token), name=name, daemon=True).start()
        with self._lock:
            self.taken += count
        return count

    def _work(self, series: Series, token: str) -> None:
        try:
            load(series)
            # Before the release: who waits for the crew must not miss what comes now.
            self.take_on()
        except Exception:  # the thread has nobody else to tell
            log.exception("What waits could not be taken on; the next bell tries again")
        finally:
            self.keeper.release(token)
            connections.close_all()


def ring_if_due() -> bool:
    """Rings when a series waits and there is room: after a restart, a killed worker, or a pause before another try.

    One or two cheap queries; meant to be called every second or so. Answers whether it rang.
    """
    global _last_sweep
    if time.monotonic() - _last_sweep < _SWEEP_PAUSE:
        return False
    now = clock.now()
    if not Series.objects.loadable(now).exists():
        return False
    if Series.objects.being_loaded(now).count() >= store.current().library.max_concurrent_loads:
        return False
    _last_sweep = time.monotonic()
    bell.ring()
    return True


def load(series: Series) -> None:
    """Loads the missing parts of a series that the caller holds, and writes down how that ended. Raises nothing."""
    with about(series=series.key, provider=series.provider):
        try:
            _load_parts(series)
        except LoadingLost:
            log.info("Somebody else loads it now, or it was removed")
        except Exception as error:
            _end_with(series, [error])


def _load_parts(series: Series) -> None:
    """Part by part: one that fails keeps no other, except that nothing goes without knowing the series at all."""
    errors = []
    for part, work in PART_WORK.items():
        if part not in series.missing_parts:
            continue
        try:
            import_string(work)(series)
        except LoadingLost:
            raise
        except Exception as error:
            errors.append(error)
            if part == "episodes" and series.folder_provisional and not series.total_episodes:
                break
    if errors:
        _end_with(series, errors)
        return
    series.complete_loading(_("Everything is loaded."))
    log.info("Loaded with %d episodes", series.total_episodes)


def _end_with(series: Series, errors: list[Exception]) -> None:
    """Tries what is missing again later when that may help, or fails with a sentence that says why."""
    judged = [_judged(error) for error in errors]
    try:
        series.retry_loading(
            " ".join(dict.fromkeys(one.message for one in judged)),
            retries=max(one.retries for one in judged),
            least_delay=max(one.least_delay for one in judged),
        )
    except LoadingLost:
        log.info("Somebody else loads it now, or it was removed")
    except DatabaseError:
        # Nothing could be written: its lease runs out, and then it is loaded again.
        log.exception("The end of the loading could not be written")


@dataclass(frozen=True, slots=True)
class _Judged:
    """What an error means: a sentence, how many tries may help, and after how many seconds at least."""

    message: str
    retries: int = 0
    least_delay: float = 0.0


def _judged(error: Exception) -> _Judged:
    message = str(error) or type(error).__name__
    if isinstance(error, _NETWORK_ERRORS):
        log.warning("Loading failed: %s", error)
        return _Judged(message, NETWORK_RETRIES, getattr(error, "retry_after", None) or 0)
    if isinstance(error, DatabaseError):
        log.warning("Loading failed: %s", error)
        return _Judged(_("The database did not take it."), DATABASE_RETRIES)
    if isinstance(error, (Explained, OSError)):
        log.warning("Loading failed for good: %s", error)
        return _Judged(message)
    log.error("Loading failed", exc_info=error)
    return _Judged(_("Something went wrong here (%s). The log tells what.") % type(error).__name__)
