"""What the workers run. Each task looks at the rows, calls one function and returns a sentence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.conf import settings

from aniworld.configuration import store
from downloads import bell, engine, place_mark, rescans, upkeep, window
from downloads.control import on_hang, shutdown
from downloads.models import QueueItem

# A worker process rests after so many downloads, so that the cluster may replace it and get its memory back.
ITEMS_IN_A_ROW = 20


def run_next() -> str:
    """Downloads what the queue wants next, one item after the other, until there is none."""
    with sigterm_parks(), _hanging_ends_the_process():
        for count in range(ITEMS_IN_A_ROW):
            item = None if shutdown.is_set() else claim()
            if item is None:
                return f"{count} downloads"
            engine.run(item)
    bell.ring()
    return f"{ITEMS_IN_A_ROW} downloads, and rang for the next"


def sweep() -> str:
    """Puts right what time alone changes: parked items whose reason is gone, abandoned ones, left-over work files."""
    return upkeep.sweep()


def rescan() -> str:
    """Begins the scheduled rescan, or goes on with the one under way."""
    return rescans.go_on()


def prune() -> str:
    """Deletes what is kept for a while only."""
    return upkeep.prune()


def claim() -> QueueItem | None:
    """The next item for this process, within the limits in force now; none outside of the download window."""
    if window.opens_at():
        return None
    limit = store.current().downloads.max_concurrent_downloads
    place = "" if settings.EMBEDDED else place_mark.of_work()
    return QueueItem.objects.claim_next(owner(), limit=limit, own_limit=settings.DOWNLOAD_WORKERS, place=place)


def owner() -> str:
    """Who this process is in a lease: "<instance>:<pid>"."""
    return f"{os.environ.get('ANIWORLD_INSTANCE', 'foreground')}:{os.getpid()}"


@contextmanager
def _hanging_ends_the_process() -> Iterator[None]:
    """Code that never returns, in a demuxer or a dead network mount, must not keep the worker for ever."""

    def end() -> None:
        os._exit(1)

    on_hang.append(end)
    try:
        yield
    finally:
        on_hang.remove(end)


@contextmanager
def sigterm_parks(*also: signal.Signals, exit_code: int = 0) -> Iterator[None]:
    """While an item runs, SIGTERM asks the engine to park it; the process ends as soon as that is done."""

    def stop(_signum: int, _frame: FrameType | None) -> None:
        shutdown.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, *also)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if shutdown.is_set():
            raise SystemExit(exit_code)
