"""Scans of the library: asked for here, worked on by one process at a time, safe against being killed.

A scan has a thread of its own in a worker, for a slow disk may keep it busy for an hour and a worker has other tasks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from django.db import DatabaseError, connections, transaction
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.logs import about
from aniworld.refusals import Explained
from library import bell, catalog
from library.files import library_root
from library.models import Scan, ScanCancelled, ScanLost
from library.scanner.running import Run

log = logging.getLogger(__name__)

# At most one bell of the sweep in so many seconds, however often it looks.
_SWEEP_PAUSE = 3.0
_SAID = {
    "folders": ("folder", "folders"),
    "files": ("file", "files"),
    "new": ("new", "new"),
    "moved": ("moved", "moved"),
    "changed": ("changed", "changed"),
    "vanished": ("vanished", "vanished"),
    "adopted": ("series adopted", "series adopted"),
    "followed": ("series whose folder was renamed", "series whose folders were renamed"),
}
_last_sweep = 0.0


def start(key: str = "") -> Scan:
    """Asks for a scan of one series' folder, or of the whole library. Workers do it.

    Raises `NotThere`, `Conflict` while one waits or runs, and `LibraryUnavailable`.
    """
    folders = folders_of(key)
    library_root()
    return _ask(folders, key)


def start_folders(folders: Sequence[str]) -> Scan:
    """Asks for a scan of these folders directly below the library. Raises as `start`."""
    library_root()
    return _ask(folders, "")


def folders_of(key: str) -> list[str]:
    """What a scan of that series looks at; empty for everything. Raises `NotThere`."""
    return [catalog.find(key).folder] if key else []


def cancel() -> bool:
    """Ends the scan that waits or runs; False when there is none."""
    scan = Scan.objects.live().first()
    return scan is not None and scan.cancel()


def take_on() -> bool:
    """Begins the scan that waits for a worker; answers whether there was one, and does not wait for its end."""
    scan = Scan.objects.claim()
    if scan is None:
        return False
    threading.Thread(target=_work_apart, args=(scan,), name="scan", daemon=True).start()
    return True


def ring_if_due() -> bool:
    """Rings when a scan waits: after a restart, a killed worker or a lost bell. One cheap query; answers whether."""
    global _last_sweep
    if time.monotonic() - _last_sweep < _SWEEP_PAUSE or not Scan.objects.claimable(clock.now()).exists():
        return False
    _last_sweep = time.monotonic()
    bell.ring_for_scan()
    return True


def said(statistics: Mapping[str, int]) -> str:
    """What a scan did, in words: “11 folders, 40 files, 3 new.”"""
    counts = [(statistics.get(name, 0), words) for name, words in _SAID.items()]
    told = [f"{count} {one if count == 1 else many}" for count, (one, many) in counts if count]
    return f"{', '.join(told) or 'Nothing is there'}."


def work(scan: Scan) -> None:
    """Scans, for a scan that the caller holds, and writes down how that ended. Raises nothing but interrupts."""
    run = Run(scan)
    with about(scan=scan.pk):
        try:
            run.run()
            scan.complete(run.result())
            log.info("Scanned: %s", said(scan.statistics))
            bell.ring_for_matching()
        except ScanCancelled:
            scan.stop(run.statistics)
            log.info("The scan was cancelled")
        except ScanLost:
            log.warning("Somebody else does this scan now, or it was ended")
        except KeyboardInterrupt:
            scan.stop(run.statistics)
            raise
        except Exception as error:  # whatever it is, the scan must not be taken for one that runs
            _fail(scan, error)


def _ask(folders: Sequence[str], key: str) -> Scan:
    with transaction.atomic():
        scan = Scan.objects.request(folders, key=key)
        bell.ring_for_scan()
    return scan


def _work_apart(scan: Scan) -> None:
    try:
        work(scan)
    finally:
        connections.close_all()


def _fail(scan: Scan, error: Exception) -> None:
    if isinstance(error, Explained | OSError):
        message = str(error)
        log.warning("The scan failed: %s", message)
    elif isinstance(error, DatabaseError):
        message = _("The database did not take it.")
        log.warning("The scan failed: %s", error)
    else:
        message = _("Something went wrong here (%s). The log tells what.") % type(error).__name__
        log.error("The scan failed", exc_info=error)
    try:
        scan.fail(message)
    except DatabaseError:
        # Its lease runs out, and then it is done again.
        log.exception("The end of the scan could not be written")
