"""One round of telling: what is due is claimed, sent, and written down. Any number of processes may do it at once.

Each receiver is told one thing after another, several receivers side by side, and whoever can't be reached ends its own
turn only: nobody waits for a receiver but the round, which has an end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from aniworld.retried import Retried
from integrations.outgoing import Outcome

logger = logging.getLogger(__name__)

N = TypeVar("N", bound=Retried)
Results = list[tuple[N, Outcome | None]]

# In one round. A receiver that takes its time for each stays within the lease.
MOST_RECEIVERS = 16
MOST_OF_ONE = 5
_THREADS = 8
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
        now = timezone.now()
        waiting = due(self._model, now)
        if self._rung_at is not None and now - self._rung_at < BETWEEN_BELLS:
            waiting = waiting.filter(next_attempt_at__gt=self._rung_at)
        if waiting.exists():
            self._rung_at = now
            async_task(self._task, cluster="default", save=False)


def claimed(model: type[N]) -> list[list[N]]:
    """What is due, by receiver. One that failed lately is tried with a single row: the one that was tried least."""
    now = timezone.now()
    receivers = list(due(model, now).order_by().values_list("receiver", flat=True).distinct()[:MOST_RECEIVERS])
    taken = [list(_of(model, receiver, now)) for receiver in receivers]
    return [several for several in taken if several]


def _of(model: type[N], receiver: int, now: datetime) -> Iterator[N]:
    rows = due(model, now).filter(receiver=receiver).select_related("receiver").order_by("attempts", "id")
    for row in rows[:MOST_OF_ONE]:
        is_failing = bool(getattr(row, "receiver").failures)  # noqa: B009 - of a subclass's
        if row.claim(now):
            yield row
            if is_failing:
                return


def sent(groups: list[list[N]], send: Callable[[N], Outcome]) -> Results[N]:
    """Sends all of them; those behind one that found nobody there have no outcome. `send` must not use the database."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="tell") as pool:
        found = pool.map(lambda rows: _one_after_another(rows, send), groups)
        return [pair for several in found for pair in several]


def _one_after_another(rows: list[N], send: Callable[[N], Outcome]) -> Results[N]:
    results: Results[N] = []
    is_away = False
    for row in rows:
        outcome = None if is_away else _guarded(row, send)
        is_away = is_away or bool(outcome and outcome.is_away)
        results.append((row, outcome))
    return results


def _guarded(row: N, send: Callable[[N], Outcome]) -> Outcome:
    try:
        return send(row)
    except Exception:
        # One row's trouble is its own; the others of the round have their outcomes to be written down.
        logger.exception("%s could not be sent", row)
        return Outcome(False, "It could not be sent; the log says why.")
