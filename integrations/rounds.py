"""One round of telling: what is due is claimed, sent, and written down. Any number of processes may do it at once.

Each receiver is told one thing after another, several receivers side by side, and whoever can't be reached ends its own
turn only: nobody waits for a receiver but the round, which has an end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from aniworld import clock
from integrations.outgoing import Outcome
from integrations.told import Told

logger = logging.getLogger(__name__)

N = TypeVar("N", bound=Told)
Job = Callable[[], Outcome]

# In one round. A receiver that takes its time for each stays within the lease.
MOST_RECEIVERS = 16
MOST_OF_ONE = 5
# In one task, so that it ends some time.
MOST_ROUNDS = 20
# Seconds after which no round begins any more: who is slow keeps a worker from everything else. The bell rings again.
LONGEST = 60.0
# Seconds after the claim. What is not begun by then is put back, so that the lease outlasts whatever is being sent.
BEGUN_WITHIN = 45.0
BETWEEN_BELLS = timedelta(seconds=20)


def due(model: type[N], now: datetime) -> QuerySet[N]:
    """What may be sent now to whom is switched on and not left alone."""
    awake = Q(receiver__rests_until=None) | Q(receiver__rests_until__lte=now)
    rows: Any = model._default_manager
    found: QuerySet[N] = rows.due(now).filter(awake, receiver__enabled=True)
    return found


class Bell(Generic[N]):
    """Wakes a worker when something is to be sent. A cheap query; meant to be rung every second or so.

    What became due since the last time rings at once, the same again only after a while: with no worker about, bells
    would pile up for as long as that lasts.
    """

    def __init__(self, model: type[N], task: str) -> None:
        self._model, self._task = model, task
        self._rung_at: datetime | None = None

    def ring_if_due(self) -> None:
        """Rings, or not."""
        now = clock.now()
        waiting = due(self._model, now)
        if self._rung_at is not None and now - self._rung_at < BETWEEN_BELLS:
            waiting = waiting.filter(next_attempt_at__gt=self._rung_at)
        if waiting.exists():
            self._rung_at = now
            async_task(self._task, cluster="default", save=False)


def deliver(model: type[N], prepared: Callable[[N], Job], write_down: Callable[[N, Outcome | None], bool]) -> int:
    """Rounds until nothing is due any more; answers how much arrived.

    `prepared` makes of a row what sends it, which must not use the database. `write_down` gets what came of it: None
    for what was not tried, because its receiver was found away just before, or takes its time.
    """
    arrived, ends = 0, time.monotonic() + LONGEST
    for _round in range(MOST_ROUNDS):
        until = time.monotonic() + BEGUN_WITHIN
        groups = _claimed(model) if time.monotonic() < ends else []
        if not groups:
            break
        jobs = [[(row, prepared(row)) for row in rows] for rows in groups]
        with ThreadPoolExecutor(len(jobs), thread_name_prefix="tell") as pool:
            for results in pool.map(partial(_one_after_another, until), jobs):
                arrived += sum(write_down(row, outcome) for row, outcome in results)
    return arrived


def _claimed(model: type[N]) -> list[list[N]]:
    """What is due, by receiver. One that is being told by another process is left to it."""
    now = clock.now()
    rows: Any = model._default_manager
    busy = rows.filter(state=Told.State.WAITING, lease_until__gt=now).values("receiver")
    free = due(model, now).exclude(receiver__in=busy).order_by()
    receivers = list(free.values_list("receiver", flat=True).distinct()[:MOST_RECEIVERS])
    taken = [list(_of(model, receiver, now)) for receiver in receivers]
    return [several for several in taken if several]


def _of(model: type[N], receiver: int, now: datetime) -> Iterator[N]:
    """Of one that failed lately a single row: the one that was tried least."""
    rows = due(model, now).filter(receiver=receiver).select_related("receiver").order_by("attempts", "id")
    for row in rows[:MOST_OF_ONE]:
        is_failing = bool(row.receiver.failures)
        if row.claim(now):
            yield row
            if is_failing:
                return


def _one_after_another(until: float, jobs: list[tuple[N, Job]]) -> list[tuple[N, Outcome | None]]:
    results: list[tuple[N, Outcome | None]] = []
    is_away = False
    for row, job in jobs:
        outcome = None if is_away or time.monotonic() > until else _guarded(row, job)
        is_away = is_away or bool(outcome and outcome.is_away)
        results.append((row, outcome))
    return results


def _guarded(row: N, job: Job) -> Outcome:
    try:
        return job()
    except Exception:
        # One row's trouble is its own; the others of the round have their outcomes to be written down.
        logger.exception("%s could not be sent", row)
        return Outcome(False, _("It could not be sent; the log says why."))
