"""How often each thing is looked at. No clock and no chance but what is passed in."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from aniworld.configuration import store
from library.models import Series
from library.rhythm import Rhythm

# Checks of series at the same time, over all processes: nobody waits for them, and catalogues are small sites.
AT_ONCE = 2
# Seconds between two checks of one thread.
PAUSE = 1.0
SOONEST, LATEST = timedelta(days=1), timedelta(days=7)
# A check that failed comes again after so long, doubled each time.
AGAIN, LONGEST_AGAIN = timedelta(minutes=15), timedelta(days=1)
# A series whose page is gone is hardly back tomorrow.
GONE_AGAIN = timedelta(days=7)


def of_newest() -> Rhythm | None:
    """How often the list of newest episodes is asked for; None: not at all."""
    rules = store.current().scheduler
    return Rhythm(rules.newest_check_minutes) if rules.enabled else None


def next_full_check(series: Series, newest: datetime | None, now: datetime) -> datetime | None:
    """When all of it is looked up again: after a tenth of the time for which nothing new came, within bounds.

    `newest` is when its newest episode was first seen. None for a series that is complete: only the list of newest
    episodes brings it up again.
    """
    if series.status == Series.Status.COMPLETED:
        return None
    quiet = (now - newest) / 10 if newest else LATEST
    return now + scattered(min(LATEST, max(SOONEST, quiet)))


def again(failures: int, least: float | None = None) -> timedelta:
    """How long a failed check waits, the `failures`-th in a row counted from 0; `least` is what the site asks for."""
    delay = min(LONGEST_AGAIN, AGAIN * 2 ** min(failures, 10))
    return scattered(max(delay, timedelta(seconds=least or 0)))


def scattered(span: timedelta) -> timedelta:
    """About as long, so that what began together does not stay together."""
    return span * random.uniform(0.9, 1.1)  # noqa: S311 - no secret


def some_of(span: timedelta) -> timedelta:
    """Any part of it."""
    return span * random.random()  # noqa: S311 - no secret
