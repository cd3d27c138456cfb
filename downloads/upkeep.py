"""What time alone changes: parked items whose reason is gone, items of dead workers, left-over files, missed bells."""

from __future__ import annotations

import logging
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from aniworld import clock
from aniworld.configuration import store
from aniworld.supervisor import instance
from downloads import bell, diskplan, quarantine, upgrades, window
from downloads.models import QueueItem, QueueState, Rescan, Undo
from downloads.workfolder import item_folders
from library.root import LibraryUnavailable, filled_root

logger = logging.getLogger(__name__)

# Work files without a live item are looked at again after so long: their worker may be about to remove them.
LEFT_ALONE_SECONDS = 120
LOOK_AGAIN = timedelta(seconds=30)
Reason = QueueItem.PauseReason


def sweep() -> str:
    """Everything at once; answers what was done."""
    resumed, removed = resume_parked(), clear_up()
    upgrades.sweep()
    ring_if_due()
    return f"{resumed} items resumed, {removed} work folders removed"


def clear_up() -> int:
    """Removes what nobody needs from this machine's own folders; answers how much that was."""
    return remove_left_over() + quarantine.settle()


def ring_if_due() -> None:
    """Rings as many bells as there are free places for due items: bells get lost, and time makes items due."""
    if window.opens_at() or not QueueState.objects.now().may_start:
        return
    now, items = clock.now(), QueueItem.objects
    if not items.to_do().exists():
        return
    free = store.current().downloads.max_concurrent_downloads - items.leased(now).count()
    if free <= 0:
        return
    waiting = len(items.due(now).values("pk")[:free]) + len(items.abandoned(now).values("pk")[:free])
    if waiting:
        bell.ring(min(free, waiting))


def resume_parked() -> int:
    """Resumes parked items whose reason is gone, and looks at the others again later."""
    parked = QueueItem.objects.filter(status=QueueItem.Status.PAUSED)
    # The operator may open the window earlier than it would by itself.
    now = clock.now()
    is_due = Q(next_attempt_at__lte=now)
    due = parked.filter(is_due if window.opens_at() else is_due | Q(pause_reason=Reason.WINDOW))
    resumed = 0
    for reason in due.order_by().values_list("pause_reason", flat=True).distinct():
        items = due.filter(pause_reason=reason)
        resumed += sum(item.resume(reason) for item in _ready(reason, items))
        items.update(next_attempt_at=now + LOOK_AGAIN)
    return resumed


def _ready(reason: str, items: QuerySet[QueueItem]) -> Sequence[QueueItem]:
    """Those that may go on. A disk has room for some of them at least before the first one is resumed."""
    if not _is_over(reason):
        return []
    waiting = list(items.select_related("series", "episode"))
    if reason != Reason.DISK:
        return waiting
    if waiting and not diskplan.fitting(waiting) and quarantine.make_room(diskplan.shortage(waiting[0])):
        logger.warning("Room for the downloads that wait for it was made in quarantine")
    return diskplan.fitting(waiting)


def _is_over(reason: str) -> bool:
    # What blocks is only known by asking again.
    known: dict[str, Callable[[], bool]] = {
        Reason.DISK: _library_is_there,
        Reason.LIBRARY: _library_is_there,
        Reason.WINDOW: lambda: window.opens_at() is None,
    }
    return known.get(reason, lambda: reason == Reason.BLOCKED)()


def _library_is_there() -> bool:
    try:
        filled_root()
    except LibraryUnavailable:
        return False
    return True


def release_dead_owners() -> int:
    """Gives back at once what workers of this data folder held that are known to be dead."""
    return _release(instance.is_dead)


def release(ended: str) -> int:
    """Gives back what the workers of an instance still hold that was just ended."""
    return _release(lambda name: name == ended)


def _release(is_gone: Callable[[str], bool]) -> int:
    held = QueueItem.objects.filter(status=QueueItem.Status.DOWNLOADING).select_related("series", "episode")
    return sum(item.give_back() for item in held if is_gone(item.owner.partition(":")[0]))


def remove_left_over() -> int:
    """Removes work folders of items that are over. What a failed one had stays for its retry until it is cleared."""
    root, removed = Path(settings.WORK_DIR), 0
    for aside in root.glob("removed-*"):
        with suppress(FileNotFoundError):
            # One that was put aside just now may still be given back by whoever did that.
            if time.time() - aside.stat().st_ctime > LEFT_ALONE_SECONDS:
                shutil.rmtree(aside, ignore_errors=True)
    for item_id, folder in item_folders(root):
        with suppress(FileNotFoundError):
            if not _is_wanted(item_id) and time.time() - folder.stat().st_mtime > LEFT_ALONE_SECONDS:
                removed += _remove_unless_wanted(item_id, folder)
    return removed


def _is_wanted(item_id: int) -> bool:
    rows = QueueItem.objects.filter(pk=item_id)
    return rows.live().exists() or rows.listed().filter(status=QueueItem.Status.FAILED).exists()


def _remove_unless_wanted(item_id: int, folder: Path) -> bool:
    """Out of the way first: who revives the item meanwhile gets it back, or begins anew, but never loses it later."""
    aside = folder.with_name(f"removed-{item_id}-{secrets.token_hex(4)}")
    folder.rename(aside)
    if _is_wanted(item_id) and not folder.exists():
        aside.rename(folder)
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def prune() -> str:
    """Deletes what nobody asks for any more: expired undos, cleared items, old files in quarantine."""
    now = timezone.now()
    undos, _each = Undo.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    days = timedelta(days=store.current().library.undo_days + 1)
    old = QueueItem.objects.filter(cleared_at__lt=now - days).exclude(upgrade=QueueItem.Upgrade.REPLACING)
    cleared, _each = old.delete()
    Rescan.objects.prune()
    kept = quarantine.prune()
    return f"{undos} undos, {cleared} cleared items and their attempts, {kept} files in quarantine deleted"
