"""Keeps what failed its check, with the reason as a row, for whoever wants to look at it or accept it anyway.

A file stays on the machine that fetched it, and only that one moves or deletes it.

The row is written before the file moves in and deleted before the file is, so that a kill in between leaves a row
without a file, or a file without a row; `settle` removes either once it is older than any such moment.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.refusals import Conflict
from downloads import place_mark
from downloads.interruptions import LeaseLost, Untrue
from downloads.models import QuarantinedFile, QueueItem
from downloads.models.quarantined_file import QuarantinedFileQuerySet

logger = logging.getLogger(__name__)

KEEP = timedelta(days=14)
# Bytes in all; the oldest go first.
MOST_BYTES = 20 * 1000**3
# Longer than anybody needs between a row and its file.
GRACE = timedelta(minutes=10)
_DONE = (QueueItem.Status.COMPLETED, QueueItem.Status.CANCELLED)


def root() -> Path:
    """The folder of all of them: `<item id>/<file>`."""
    return Path(settings.DATA_DIR) / "quarantine"


def here() -> str:
    """What names this data folder among those of all machines: the host, and what was drawn when it was first asked."""
    return place_mark.name_of(root())


def _of_here() -> QuarantinedFileQuerySet:
    return QuarantinedFile.objects.filter(place=here())


def location(row: QuarantinedFile) -> Path:
    """Where the file is."""
    return root() / row.path


def keep(item: QueueItem, provider: str, language: str, file: Path, error: Untrue) -> None:
    """Moves the file out of the way, so that the next try at this source starts clean. Raises `LeaseLost`.

    Of each source the last one is kept.
    """
    target = root() / str(item.pk) / f"{provider}-{secrets.token_hex(4)}{error.facts.get('extension', '.bin')}"
    # Taken over by a successor, it is not there any more: the row is refused then.
    size = file.stat().st_size if file.exists() else 0
    row = _written(item, provider, language, target, size, error)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
    except OSError as failure:
        logger.warning("%s could not be kept in quarantine: %s", file.name, failure)
        row.delete()
    # The journal and what else stood beside the file speak of it as finished.
    shutil.rmtree(file.parent, ignore_errors=True)
    older = QuarantinedFile.objects.filter(item=item, provider=provider, language=language, pk__lt=row.pk or 0)
    _delete_all(older)
    logger.warning("Kept in quarantine: %s", error)


def _written(item: QueueItem, provider: str, language: str, target: Path, size: int, error: Untrue) -> QuarantinedFile:
    place = here()
    with transaction.atomic():
        if not item.hold():
            raise LeaseLost("The item was cancelled, stopped or taken over while its file was checked.")
        return QuarantinedFile.objects.create(
            item=item,
            provider=provider,
            language=language,
            place=place,
            path=target.relative_to(root()).as_posix(),
            size=size,
            reason=str(error),
            facts=error.facts,
        )


def accepted(item: QueueItem) -> QuarantinedFile | None:
    """The file of the item on this machine that somebody wants in the library although it failed its check."""
    rows = _of_here().filter(item=item, accepted_at__isnull=False)
    return rows.select_related("accepted_by").order_by("-accepted_at").first()


def note(row: QuarantinedFile) -> str:
    """What is remembered of an accepted file."""
    facts = {"name": row.accepted_by.get_username() if row.accepted_by else _("a user"), "reason": row.reason}
    return _("Accepted by %(name)s although it failed its check: %(reason)s") % facts


def discard(item: QueueItem) -> None:
    """Removes what was kept of an item."""
    QuarantinedFile.objects.filter(item=item).delete()
    shutil.rmtree(root() / str(item.pk), ignore_errors=True)


def delete(row: QuarantinedFile) -> None:
    """Deletes one file. Raises `Conflict` when it is on its way into the library."""
    if not row.release() and QuarantinedFile.objects.filter(pk=row.pk).exists():
        raise Conflict(_("The file of “%s” is accepted and on its way into the library.") % row.item)
    _unlink(root() / row.path)


def prune() -> int:
    """Deletes what is too old, too much, or of an item that is over or cleared away; answers how many."""
    over = Q(item__status__in=_DONE) | Q(item__cleared_at__isnull=False)
    waiting = QuarantinedFile.objects.at_rest()
    count = _delete_all(waiting.filter(over | Q(created_at__lt=timezone.now() - KEEP)))
    return count + _delete_beyond(MOST_BYTES)


def settle() -> int:
    """Makes rows and files agree again after a kill; answers how many did not."""
    now = timezone.now()
    return _forget_lost(now) + _remove_unknown(now)


def make_room(missing: int) -> int:
    """Deletes the oldest files until so many bytes are free again; answers the bytes.

    None is deleted where all of them together would not be enough: they would be lost for nothing.
    """
    freed, rows = 0, list(_of_here().at_rest().order_by("created_at", "pk"))
    if sum(row.size for row in rows) < missing:
        return 0
    for row in rows:
        if freed >= missing:
            break
        freed += row.size * _delete_all([row])
    if freed:
        logger.warning("%d bytes in quarantine were deleted, since the disk is full", freed)
    return freed


def _delete_all(rows: Iterable[QuarantinedFile]) -> int:
    released = [row for row in rows if row.release()]
    for row in released:
        _unlink(location(row))
    return len(released)


def _delete_beyond(most: int) -> int:
    kept, count = 0, 0
    for row in _of_here().at_rest():
        kept += row.size
        count += _delete_all([row]) if kept > most else 0
    return count


def _forget_lost(now: datetime) -> int:
    """Rows whose file never came, or was deleted by hand."""
    old = _of_here().filter(updated_at__lt=now - GRACE).select_related("item")
    # One whose file arrived a moment ago still says so to whoever writes the rows.
    lost = [row for row in old if not location(row).exists() and not row.is_on_its_way]
    return QuarantinedFile.objects.filter(pk__in=[row.pk for row in lost]).delete()[0]


def _remove_unknown(now: datetime) -> int:
    """Files without a row."""
    known = set(QuarantinedFile.objects.values_list("path", flat=True))
    before, count = (now - GRACE).timestamp(), 0
    for path in root().glob("*/*"):
        with suppress(FileNotFoundError):
            if path.relative_to(root()).as_posix() not in known and path.stat().st_ctime < before:
                _unlink(path)
                count += 1
    return count


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
