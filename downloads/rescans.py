"""The scheduled rescan: when it is due, how it begins, and how it goes on once its scan is over.

Each step is one look at the rows, so that a worker that is killed in between leaves nothing but a step for the next.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from aniworld import clock
from aniworld.configuration import store
from aniworld.refusals import Conflict, Explained
from downloads import automatic
from downloads.automatic import Queued
from downloads.models import Rescan
from library import scanning
from library.files import library_root
from library.models import Scan, Timetable
from library.rhythm import Rhythm
from library.root import LibraryUnavailable

logger = logging.getLogger(__name__)

NAME = "rescan"
# While somebody else scans, the slot waits so long and is looked at again.
PUT_OFF = timedelta(minutes=1)
_CLAIM = timedelta(minutes=1)
# Seconds between two renewals of the lease while nothing has to be queued.
_HOLD_EVERY = 10.0


def rhythm() -> Rhythm | None:
    """When the configuration wants it; None: not by itself."""
    rules = store.current().scheduler
    return Rhythm(rules.interval_minutes, rules.cron) if rules.enabled else None


def queues_missing() -> bool:
    """Whether one that comes by itself queues what is missing of monitored series."""
    return rhythm() is not None and store.current().scheduler.auto_download_after_rescan


def trigger() -> Rescan:
    """Begins one now, whatever the schedule says. Raises `Conflict` while one runs, and `LibraryUnavailable`."""
    library_root()
    return _begin(Rescan.Trigger.MANUAL)


def ring_if_due() -> bool:
    """Wakes a worker when one is due or waits to go on; answers whether. Follows the configuration within seconds."""
    timetable, now = Timetable.keep(NAME, rhythm()), clock.now()
    is_due = timetable.next_run is not None and timetable.next_run <= now
    if not is_due and not Rescan.objects.stalled(now).exists():
        return False
    try:
        async_task("downloads.tasks.rescan", cluster="default", save=False)
    except Exception:
        # The next look rings again.
        logger.exception("The scheduled rescan could not be started")
    return True


def go_on() -> str:
    """Begins what is due, and takes the one under way a step further; a sentence."""
    begun = _begin_due()
    rescan = Rescan.objects.stalled(clock.now()).select_related("scan").first()
    if rescan is None:
        return "Rescan begun" if begun else "No rescan to go on with"
    if rescan.status == Rescan.Status.SCANNING:
        _after_scan(rescan)
    if rescan.status == Rescan.Status.QUEUEING and rescan.take(clock.now()):
        _queue_missing(rescan)
    return str(rescan)


def _begin(by: str) -> Rescan:
    with transaction.atomic():
        return Rescan.objects.begin(by, scanning.start())


def _begin_due() -> bool:
    """The claim moves the slot on, so that of all machines one begins, and once."""
    wanted = rhythm()
    timetable = Timetable.keep(NAME, wanted)
    now = clock.now()
    if wanted is None or not Timetable.objects.due(now).filter(pk=NAME).exists():
        return False
    if Scan.objects.live().exists() or Rescan.objects.live().exists():
        timetable.put_off(PUT_OFF)
        return False
    if not timetable.claim(wanted, now, _CLAIM):
        return False
    try:
        _begin(Rescan.Trigger.SCHEDULE)
    except Conflict as refusal:
        # Somebody asked for a scan at this very moment.
        timetable.end(Timetable.Outcome.FAILED, str(refusal))
        return False
    except Explained as error:
        logger.warning("The scheduled rescan could not begin: %s", error)
        Rescan.objects.note_failure(Rescan.Trigger.SCHEDULE, str(error))
        timetable.end(Timetable.Outcome.FAILED, str(error))
        return False
    timetable.end(Timetable.Outcome.COMPLETED)
    return True


def _after_scan(rescan: Rescan) -> None:
    scan = rescan.scan
    if scan is not None and scan.status == Scan.Status.COMPLETED:
        rescan.scanned(scan.statistics, queue=store.current().scheduler.auto_download_after_rescan)
        return
    reasons = {Scan.Status.CANCELLED: _("The scan was cancelled."), Scan.Status.FAILED: scan.error if scan else ""}
    rescan.not_scanned(reasons.get(Scan.Status(scan.status), "") if scan else _("The scan was deleted."))


def _queue_missing(rescan: Rescan) -> None:
    told, told_at = Queued(), time.monotonic()

    def report(total: Queued) -> bool:
        nonlocal told, told_at
        if total == told and time.monotonic() - told_at < _HOLD_EVERY:
            return True
        told, told_at = total, time.monotonic()
        return rescan.hold(total.episodes, total.upgrades)

    try:
        automatic.queue_missing(report)
        rescan.complete()
    except LibraryUnavailable as error:
        rescan.fail(str(error))
    except Exception as error:  # whatever it is, it must not be taken for one that runs
        logger.exception("What is missing could not be queued")
        rescan.fail(_("Something went wrong here (%s). The log tells what.") % type(error).__name__)
