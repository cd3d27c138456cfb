"""Works on imports: one process at a time at each, safe against being killed, with its progress live."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.logs import about
from aniworld.refusals import Explained
from integrations.moving import applying, looking
from integrations.moving.models import ImportLine, ImportRun, RunCancelled, RunLost
from integrations.moving.models.run import LEASE
from library import bell

log = logging.getLogger(__name__)

TASK = "integrations.moving.tasks.work"
# At most one bell of the sweep in so many seconds, however often it looks.
_SWEEP_PAUSE = 3.0
# Lines that are read at once.
_BATCH = 100
_last_sweep = 0.0


def ring() -> None:
    """Wakes a worker, once the transaction at hand is through."""
    bell.ring_for(TASK)


def ring_if_due() -> bool:
    """Rings when an import waits: after a restart, a killed worker or a lost bell. One cheap query; answers whether."""
    global _last_sweep
    if time.monotonic() - _last_sweep < _SWEEP_PAUSE or not ImportRun.objects.claimable(clock.now()).exists():
        return False
    _last_sweep = time.monotonic()
    ring()
    return True


def take_on() -> bool:
    """Begins an import that waits; answers whether there was one, and does not wait for its end."""
    run = ImportRun.objects.claim()
    if run is None:
        return False
    threading.Thread(target=_work_apart, args=(run,), name=f"import-{run.pk}", daemon=True).start()
    return True


def work(run: ImportRun) -> None:
    """Does what is to be done at a run that the caller holds, and writes down how that ended."""
    with about(scan=f"import-{run.pk}"), _kept(run):
        try:
            _step(run)
            run.finish_step()
        except RunCancelled:
            run.stop()
        except RunLost:
            log.warning("Somebody else does this import now, or it was ended")
        except KeyboardInterrupt:
            run.stop()
            raise
        except Exception as error:
            _fail(run, error)


def _step(run: ImportRun) -> None:
    if run.status == ImportRun.Status.APPLYING:
        for line in _each(run, "to_apply"):
            applying.take_over(run, line, lambda _copied: run.hold())
        applying.finish(run)
        return
    if not run.gathered:
        run.tell(0, 0, _("Asking"))
        looking.gather(run)
    for line in _each(run, "waiting"):
        looking.look(line)


def _each(run: ImportRun, which: str) -> Iterator[ImportLine]:
    """The lines that wait for this step, each once, with the lease renewed and the progress told between them."""
    rows = getattr(ImportLine.objects.filter(run=run), which)()
    total, current, last = rows.count(), 0, 0
    while batch := list(rows.filter(number__gt=last).order_by("number")[:_BATCH]):
        for line in batch:
            run.hold()
            run.tell(current, total, line.text)
            yield line
            current, last = current + 1, line.number
    run.hold()


@contextmanager
def _kept(run: ImportRun) -> Iterator[None]:
    """Renews the lease while one line takes its time, such as a large copy or a slow catalogue."""
    over = threading.Event()

    def keep() -> None:
        try:
            while not over.wait(LEASE.total_seconds() / 3):
                try:
                    run.keep_alive()
                except DatabaseError:
                    log.warning("The lease of the import could not be renewed; trying again", exc_info=True)
        finally:
            connections.close_all()

    thread = threading.Thread(target=keep, name=f"import-lease-{run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _work_apart(run: ImportRun) -> None:
    try:
        work(run)
    finally:
        connections.close_all()


def _fail(run: ImportRun, error: Exception) -> None:
    if isinstance(error, Explained | OSError):
        message = str(error)
        log.warning("The import failed: %s", message)
    else:
        message = _("Something went wrong here (%s). The log tells what.") % type(error).__name__
        log.error("The import failed", exc_info=error)
    try:
        run.fail(message)
    except DatabaseError:
        # Its lease runs out, and then it goes on.
        log.exception("The end of the import could not be written")
