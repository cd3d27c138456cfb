"""What keeps a download from beginning now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.configuration import store
from downloads import diskplan, window
from downloads.models import QueueItem, QueueState
from library.files import LibraryUnavailable, library_root
from library.models import Series


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One of them: a `code` for machines, a sentence, and when it goes away by itself, where that is known."""

    code: str
    text: str
    until: datetime | None = None


def in_general() -> list[Obstacle]:
    """What keeps any download from beginning. Costs a constant number of queries."""
    found = [*_switches(), *_hours(), *_library()]
    busy, limit = _busy()
    if busy >= limit:
        text = _("All places are taken: %(count)d of %(limit)d downloads run.") % {"count": busy, "limit": limit}
        found.append(Obstacle("no_free_place", text))
    return found


def of_series(series: Series) -> list[Obstacle]:
    """What keeps anything of this series from being downloaded."""
    if series.deleted_at:
        return [Obstacle("series_removed", _("The series was removed from the library."))]
    return []


def of_room(needed: int | None) -> list[Obstacle]:
    """Too little room on a disk for so many bytes, beside what runs already; None: nobody knows how many."""
    try:
        left = diskplan.left()
    except LibraryUnavailable:
        return []
    short = min(left.work, left.library) - max(needed or 0, 1)
    if short >= 0:
        return []
    text = _("The disk has too little room: %d MB more would be needed.") % round(max(1.0, -short / 1e6))
    return [Obstacle("disk_full", text)]


def _switches() -> list[Obstacle]:
    state = QueueState.objects.now()
    if not state.is_running:
        return [Obstacle("queue_stopped", _("The queue is stopped."))]
    return [Obstacle("queue_paused", _("The queue is paused."))] if state.is_paused else []


def _hours() -> list[Obstacle]:
    opens, hours = window.opens_at(), window.hours()
    if opens is None:
        return []
    return [Obstacle("window_closed", _("Downloads run only at %s.") % hours, opens)]


def _library() -> list[Obstacle]:
    try:
        library_root()
    except LibraryUnavailable as error:
        return [Obstacle("library_unavailable", str(error))]
    return []


def _busy() -> tuple[int, int]:
    return QueueItem.objects.leased(clock.now()).count(), store.current().downloads.max_concurrent_downloads
