"""Numbers about the queue, and its state as one answer. Each costs a constant number of queries."""

from __future__ import annotations

import threading
import time
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from downloads import window
from downloads.models import QueueItem, QueueState

MOST_IN_A_LIST = 100
Status = QueueItem.Status
R = TypeVar("R")


class _Tally:
    """Counts and bytes by status. Of a long queue they may be some seconds old: to count it is most of an answer.

    They are kept for one to five seconds: so long that counting takes but a small share of the time, if it can be.
    """

    LONG = 5_000
    LEAST_AGE, MOST_AGE = 1.0, 5.0
    MOST_SHARE = 0.02

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_status: dict[str, dict[str, Any]] = {}
        self._good_until = 0.0

    def by_status(self) -> dict[str, dict[str, Any]]:
        with self._lock:
            began = time.monotonic()
            if began >= self._good_until:
                self._by_status = _counted()
                if sum(row["count"] for row in self._by_status.values()) > self.LONG:
                    now = time.monotonic()
                    age = (now - began) / self.MOST_SHARE
                    self._good_until = now + min(self.MOST_AGE, max(self.LEAST_AGE, age))
            return self._by_status

    def forget(self) -> None:
        with self._lock:
            self._good_until = 0.0


def _counted() -> dict[str, dict[str, Any]]:
    rows = QueueItem.objects.listed().order_by().values("status")
    # Not of "pk": PostgreSQL finds that in the table only, the rest in an index.
    counted = rows.annotate(count=Count("*"), bytes=Sum("downloaded_bytes"))
    return {row["status"]: dict(row) for row in counted}


_tally = _Tally()


def forget() -> None:
    """The queue was changed here: the next answer counts anew, and so does the first one after the commit."""
    _tally.forget()
    # Who asks before the commit counts what was, and keeps it for a while.
    transaction.on_commit(_tally.forget)


def statistics(*, exact: bool = False) -> dict[str, Any]:
    """Counts by status, bytes, the speed now (bytes per second), and when all is done (seconds; None: unknown).

    `exact` has also a long queue counted now.
    """
    by_status = _counted() if exact else _tally.by_status()
    counts = {status: by_status[status]["count"] if status in by_status else 0 for status in Status.values}
    active = QueueItem.objects.filter(status=Status.DOWNLOADING).values_list(
        "download_speed", "downloaded_bytes", "total_bytes"
    )
    speeds = list(active[:MOST_IN_A_LIST])
    speed = sum(row[0] for row in speeds)
    completed_bytes = by_status[Status.COMPLETED]["bytes"] if counts[Status.COMPLETED] else 0
    return {
        "pending": counts[Status.PENDING],
        "active": counts[Status.DOWNLOADING],
        "completed": counts[Status.COMPLETED],
        "failed": counts[Status.FAILED],
        "paused": counts[Status.PAUSED],
        "cancelled": counts[Status.CANCELLED],
        "total_items": sum(counts.values()),
        "downloaded_bytes": sum(row["bytes"] or 0 for row in by_status.values()),
        "current_speed": speed,
        "eta_seconds": _eta(speed, speeds, counts, completed_bytes),
    }


def _eta(
    speed: int, active: list[tuple[int, int, int | None]], counts: dict[str, int], completed_bytes: int
) -> int | None:
    """Sizes of waiting items are guessed from those that arrived; without any, or without speed, nobody knows."""
    if not speed:
        return None
    known = [total for _speed, _done, total in active if total]
    if counts[Status.COMPLETED]:
        typical = completed_bytes / counts[Status.COMPLETED]
    elif known:
        typical = sum(known) / len(known)
    else:
        return None
    left = sum(max(0, (total or typical) - done) for _speed, done, total in active)
    return round((left + typical * counts[Status.PENDING]) / speed)


def lists() -> dict[str, list[QueueItem]]:
    """The four lists of the queue, at most 100 items each, in order."""
    return lists_of(QueueItem.objects.listed().select_related("series", "episode"))


def lists_of(rows: QuerySet[QueueItem, R]) -> dict[str, list[R]]:
    """The same of `rows`, whatever these read of an item."""
    ended = rows.order_by("-completed_at", "-id")
    return {
        "active_downloads": list(rows.filter(status=Status.DOWNLOADING).order_by("started_at", "id")[:MOST_IN_A_LIST]),
        "pending_queue": list(
            rows.filter(status=Status.PENDING).order_by("-priority", "position", "id")[:MOST_IN_A_LIST]
        ),
        "completed_downloads": list(ended.filter(status=Status.COMPLETED)[:MOST_IN_A_LIST]),
        "failed_downloads": list(ended.filter(status=Status.FAILED)[:MOST_IN_A_LIST]),
    }


def switches() -> dict[str, Any]:
    """Whether the queue runs, whether it is paused, and outside of the download window when that opens (else None)."""
    state = QueueState.objects.now()
    return {"is_running": state.is_running, "is_paused": state.is_paused, "window_opens_at": window.opens_at()}
