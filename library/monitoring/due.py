"""Whether anything has to be looked at now: cheap questions that `up` asks every few seconds."""

from __future__ import annotations

import time
from datetime import timedelta

from aniworld import clock
from aniworld.configuration import store
from library import bell
from library.models import Series, Timetable
from library.monitoring import pacing
from providers.models import Provider

PREFIX = "newest:"
# The list of a catalogue of which a series is monitored for the first time is asked for soon.
_FIRST = timedelta(seconds=30)
# At most one bell in so many seconds, however often it is looked.
_RING_PAUSE = 3.0
_last_ring = 0.0


def ring_if_due() -> bool:
    """Rings when a list of newest episodes or a series is due; answers whether it did."""
    global _last_ring
    keep_timetables()
    if not store.current().scheduler.enabled or time.monotonic() - _last_ring < _RING_PAUSE:
        return False
    if not (newest_due() or Series.objects.to_check(clock.now()).exists() or Series.objects.unplanned().exists()):
        return False
    _last_ring = time.monotonic()
    bell.ring_for_monitoring()
    return True


def keep_timetables() -> None:
    """Each catalogue of which anything is monitored has its timetable, and each follows the configuration."""
    wanted, rhythm = _monitored_catalogues(), pacing.of_newest()
    rows = Timetable.objects.filter(name__startswith=PREFIX)
    for name in {*wanted, *(row.name.removeprefix(PREFIX) for row in rows)}:
        Timetable.keep(PREFIX + name, rhythm if name in wanted else None, first=_FIRST)


def newest_due() -> list[Timetable]:
    """The timetables of the catalogues whose list is due."""
    Timetable.end_abandoned()
    return list(Timetable.objects.due(clock.now()).filter(name__startswith=PREFIX))


def _monitored_catalogues() -> set[str]:
    enabled = [row.name for row in Provider.known().values() if row.enabled and row.kind == Provider.Kind.CATALOGUE]
    return {name for name in enabled if Series.objects.monitored_at(name).exists()}
