"""What is written about an item when the work at it is over, and writing it although the database may be away."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld import clock
from aniworld.configuration import store
from downloads import arrival, quarantine, short_words, upgrades
from downloads.interruptions import CatalogueFailed, HostsOff, Interrupted, LeaseLost, MustWait, PlaceLost, WindowClosed
from downloads.models import Attempt, QueueItem
from downloads.rounds import Round
from downloads.workfolder import WorkFolder
from providers.exceptions import Blocked, NotConfigured, RateLimited

logger = logging.getLogger(__name__)

Ending = Callable[[], object]

LONGEST_DELAY = 3600.0
CATALOGUE_AGAIN, CATALOGUE_LONGEST = 5.0, 1800.0
BLOCKED_AGAIN = 1800.0
SWITCHED_OFF_AGAIN = 60.0
LOOK_AGAIN = 30.0
DATABASE_PATIENCE = 300.0
# What a database raises that is restarted, unreachable, locked or full; everything else is an error of this program.
AWAY = (OperationalError, InterfaceError)
BACK_SOON = 1.0


@dataclass(frozen=True, slots=True)
class Tried:
    """A source that brought nothing, and why."""

    provider: str
    error: Exception


def write(item: QueueItem, ending: Ending) -> None:
    """Carries it out, again and again while the database is away: what was fetched must not be forgotten."""
    until, lease = time.monotonic() + DATABASE_PATIENCE, item.token
    while True:
        try:
            ending()
            return
        except LeaseLost as lost:
            logger.info("%s", lost)
            return
        except Exception as error:
            if not isinstance(error, AWAY) or time.monotonic() > until:
                logger.exception("What became of the item could not be written")
                # Nothing is lost: the lease runs out, and a successor finds everything in the work folder.
                raise
            logger.warning("The database did not answer; tried again in a moment: %s", error)
            close_old_connections()
            # What was rolled back has not given the item away.
            item.token = lease
            time.sleep(1)


def arrived(item: QueueItem, folder: WorkFolder, landed: arrival.Landed) -> Ending:
    """The file stands in the library: rows first, then the work folder.

    When the item is somebody else's now, the folder stays: the note in it says that only rows are missing.
    """

    def ending() -> None:
        if not arrival.record(item, landed) and QueueItem.objects.live().filter(pk=item.pk).exists():
            raise LeaseLost("The item was given to somebody else while its file arrived.")
        folder.remove()
        quarantine.discard(item)
        logger.info("Arrived as %s", landed.path)
        if item.upgrade:
            upgrades.finish(item)

    return ending


def interrupted(item: QueueItem, folder: WorkFolder, why: Interrupted) -> Ending:
    """Shutting down gives it back; a lost lease leaves it alone, but for the data of what a user cancelled."""

    def ending() -> None:
        if isinstance(why, WindowClosed):
            delay = (why.opens_at - timezone.now()).total_seconds()
            item.park(QueueItem.PauseReason.WINDOW, str(why), delay=max(delay, BACK_SOON))
        elif isinstance(why, PlaceLost):
            item.park(message=str(why), delay=BACK_SOON)
        elif not isinstance(why, LeaseLost):
            item.park(message="")
        elif not QueueItem.objects.live().filter(pk=item.pk).exists():
            folder.remove()
            quarantine.discard(item)
        logger.info("%s", why)

    return ending


def database_away(item: QueueItem, error: Exception) -> Ending:
    """No source is to blame: it is pending again at once, and goes on from the bytes it had."""

    def ending() -> None:
        logger.warning("The database did not answer, the item is given back: %s", error)
        item.park(message=_("The database did not answer for a moment."), delay=BACK_SOON)

    return ending


def wait(item: QueueItem, why: MustWait) -> Ending:
    """Parked until the sweep finds the reason gone."""

    def ending() -> None:
        logger.warning("%s: %s", why.reason, why)
        room = {"work_bytes": why.work_bytes, "library_bytes": why.library_bytes}
        item.park(why.reason, str(why), delay=LOOK_AGAIN, **room)

    return ending


def catalogue_failed(item: QueueItem, failed: CatalogueFailed) -> Ending:
    """No source was tried. What may pass is waited for, longer each time and without counting; the rest is a round."""
    error = failed.error
    if isinstance(error, Blocked) or not (isinstance(error, NotConfigured) or getattr(error, "retryable", False)):
        return round_failed(item, [Tried(failed.provider, error)])

    def ending() -> None:
        now = clock.now()
        waited = (now - (item.started_at or now)).total_seconds()
        asked = getattr(error, "retry_after", None) or 0
        delay = min(CATALOGUE_LONGEST, max(CATALOGUE_AGAIN, waited, asked))
        logger.warning("%s; asked again in %d seconds", failed, delay)
        item.park(message=f"{short_words.display_name(failed.provider)}: {error}", delay=delay)

    return ending


def all_rest(item: QueueItem, seconds: float) -> Ending:
    """No host at all may be asked now, so neither is the catalogue: no round, and all items spread over the time."""

    def ending() -> None:
        item.park(message=_("Every host rests after failures."), delay=seconds * random.uniform(1, 1.5))  # noqa: S311

    return ending


def nothing_tried(item: QueueItem, error: Exception) -> Ending:
    """No source could be had. Hosts that are switched off are waited for without losing a round; the rest is one."""
    if not isinstance(error, HostsOff):
        return round_failed(item, [Tried(item.series.provider, error)])

    def ending() -> None:
        item.wait(str(error), SWITCHED_OFF_AGAIN)

    return ending


def round_over(item: QueueItem, around: Round) -> Ending:
    """No source brought it. All blocked parks it; it fails once each has had all its tries; else it is tried again."""
    count = store.current().downloads.max_retries

    def ending() -> None:
        if around.is_blocked:
            changed = item.park(QueueItem.PauseReason.BLOCKED, around.message, delay=BLOCKED_AGAIN)
            following = _("Every source is blocked; they are asked again in %s.") % _spoken(BLOCKED_AGAIN)
        elif around.is_hopeless:
            text = ngettext("%(message)s (each tried once)", "%(message)s (each tried %(count)d times)", count)
            changed = item.fail(text % {"message": around.message, "count": count})
            following = _("Every source had all its tries; it is over until somebody retries it.")
        else:
            delay = around.delay
            leave = item.postpone if around.has_tried else item.wait
            changed = leave(around.message, delay)
            following = _("Goes on in %s.") % _spoken(delay)
        if changed and around.has_tried:
            Attempt.objects.plan(item, following)

    return ending


def _spoken(seconds: float) -> str:
    if seconds < 1.5:
        return _("1 second")
    if seconds < 120:
        return _("%d seconds") % round(seconds)
    return _("%d minutes") % round(seconds / 60)


def round_failed(item: QueueItem, tried: Sequence[Tried]) -> Ending:
    """No source could be had at all: blocked parks the item, else another round follows until there were enough."""
    message = " · ".join(f"{short_words.display_name(entry.provider)}: {entry.error}" for entry in tried)
    rules = store.current().downloads

    def ending() -> None:
        if tried and all(isinstance(entry.error, Blocked) for entry in tried):
            item.park(QueueItem.PauseReason.BLOCKED, message, delay=BLOCKED_AGAIN)
        elif item.rounds + 1 >= rules.max_retries:
            text = ngettext("%(message)s (tried once)", "%(message)s (tried %(count)d times)", rules.max_retries)
            item.fail(text % {"message": message, "count": rules.max_retries})
        else:
            item.postpone(message, _delay(item, tried))

    return ending


def _delay(item: QueueItem, tried: Sequence[Tried]) -> float:
    """Growing with each round, never before the first host that named a time is ready again; seconds."""
    base = store.current().providers.retry_delay * float(4 ** min(item.rounds, 10))
    asked = [entry.error.retry_after or 0 for entry in tried if isinstance(entry.error, RateLimited)]
    if tried and len(asked) == len(tried):
        base = max(base, min(asked))
    return min(LONGEST_DELAY, base * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret
