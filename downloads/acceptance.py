"""Accepts a file in quarantine: it takes the last steps of the way that every download takes.

The item is leased as by a worker and given to the engine, which finds the file accepted. So a kill, a full disk or a
library that is away meanwhile is what it is for any download: nothing is lost, and a worker ends what was begun.
"""

from __future__ import annotations

import threading

from django.db import connection, transaction
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.accounts.models import User
from aniworld.refusals import Conflict, Gone, NotThere
from downloads import diskplan, engine, quarantine, tasks
from downloads.models import QuarantinedFile, QueueItem, QueueState
from library.files import library_root
from library.models import EpisodeFile

Status = QueueItem.Status


def accept(row: QuarantinedFile, by: User | None = None, *, wait: bool = False) -> QueueItem:
    """Moves the file into the library; answers the item as it is then: completed, or parked until there is room.

    A copy to another disk or mount takes long: then the item is answered as under way, unless `wait` says that the
    caller has the time. It shows in the queue like any download, and a worker ends it should this process not.

    Raises `Gone` when the file is not there any more, `Conflict` when the episode arrived otherwise or is queued anew,
    and `LibraryUnavailable`.
    """
    library_root()
    _demand_file(row)
    item = _leased(row, by)
    if diskplan.arrives_as_copy() and not wait:
        threading.Thread(target=_run_apart, args=(item,), name=f"accept-{item.pk}", daemon=True).start()
        return item
    engine.run(item, at_once=True)
    return QueueItem.objects.select_related("series", "episode").get(pk=item.pk)


def accept_kept(item_id: int) -> QueueItem:
    """Accepts the newest file that this machine keeps of the item. Raises as `accept`, and `NotThere`."""
    rows = QuarantinedFile.objects.select_related("item__series", "item__episode").filter(item=item_id)
    row = rows.filter(place=quarantine.here()).first() or rows.first()
    if row is None:
        raise NotThere(_("Nothing is kept in quarantine of the item %d.") % item_id)
    return accept(row, wait=True)


def _run_apart(item: QueueItem) -> None:
    try:
        engine.run(item, at_once=True)
    finally:
        connection.close()


def _demand_file(row: QuarantinedFile) -> None:
    if row.place != quarantine.here():
        facts = {"machine": row.place, "id": row.item_id}
        text = _("The file is on another machine, %(machine)s: accept it there, by “manage.py queue accept %(id)d”.")
        raise Conflict(text % facts, "elsewhere")
    file = quarantine.location(row)
    if not file.is_file() or file.stat().st_size != row.size:
        raise Gone(_("The file of “%s” is not in quarantine any more.") % row.item, "file_gone")


def _leased(row: QuarantinedFile, by: User | None) -> QueueItem:
    """The item in the hands of this process, whatever it waited for, and the row accepted."""
    with transaction.atomic():
        # As for retrying: two callers can't both find the episode free.
        QueueState.objects.locked()
        items = QueueItem.objects.select_related("series", "episode").select_for_update(of=("self",))
        item = items.get(pk=row.item_id)
        _demand_wanted(item, row)
        if not row.accept(by):
            raise Conflict(_("The file of “%s” is accepted already, or gone.") % item, "accepted_already")
        _make_pending(item)
        if not item.take(tasks.owner(), clock.now()):
            raise Conflict(_("“%s” was changed at this moment; try again.") % item)
    return item


def _demand_wanted(item: QueueItem, row: QuarantinedFile) -> None:
    if item.series.deleted_at:
        raise Conflict(_("“%s” was removed from the library; restore it first.") % item.series.name)
    arrived = EpisodeFile.objects.filter(episode=item.episode_id, language=row.language).exists()
    if arrived or item.status == Status.COMPLETED:
        raise Conflict(_("“%s” arrived otherwise meanwhile.") % item, "arrived_otherwise")
    if QueueItem.objects.live().rivals_of(item).exists():
        raise Conflict(_("“%s” is queued anew; cancel that first.") % item, "queued")


def _make_pending(item: QueueItem) -> None:
    """A worker that is at another source of it learns by its lost lease."""
    verbs = {Status.FAILED: item.retry, Status.PAUSED: item.resume, Status.DOWNLOADING: item.stop}
    if item.status == Status.CANCELLED:
        item.bring_back(by_user=False)
    elif item.status != Status.PENDING:
        verbs[Status(item.status)]()
