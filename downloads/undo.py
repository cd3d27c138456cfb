"""Takes back a removal, a clearing, a reorder, a renaming, or the removal of a series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.refusals import Conflict, Forbidden, Gone, NotThere
from downloads import bell, queue, renames
from downloads.models import QueueItem, QueueState, Undo
from library import catalog
from library.models import Series


def undo(undo_id: str, by: User | None = None) -> dict[str, Any]:
    """Puts back what was.

    Raises `NotThere`, `Gone` if it is too late, `Forbidden` for what somebody else did (unless `by` is staff), and
    `Conflict` if something new is in the way.
    """
    found = Undo.objects.filter(pk=undo_id).first()
    if found is None:
        raise NotThere(_("There is nothing to undo under this id."))
    if by and not by.is_staff and found.user_id not in (None, by.pk):
        raise Forbidden(_("Only who did it, or an administrator, may undo this."))
    restored = _on_disk(found) if found.action in _ON_DISK else _in_database(found)
    return {"status": "ok", "action": found.action, "restored": restored}


def _in_database(found: Undo) -> int:
    try:
        with transaction.atomic():
            _claim(found)
            return _ACTIONS[found.action](found.state)
    except IntegrityError:
        raise Conflict(_("An episode of it was queued again in the meantime.")) from None


def _on_disk(found: Undo) -> int:
    """Nothing that a transaction could hold together: each file goes back by itself."""
    _claim(found)
    return _ON_DISK[found.action](found.state)


def _claim(found: Undo) -> None:
    if not found.use():
        raise Gone(_("It is too late to undo this."))


def _removal(state: list[dict[str, Any]]) -> int:
    # As for new items: nobody else finds one of the episodes free meanwhile.
    QueueState.objects.locked()
    restored = [entry["id"] for entry in state if _bring_back(entry)]
    queue.tell("items_restored", added_ids=restored)
    bell.ring()
    return len(restored)


def _bring_back(entry: dict[str, Any]) -> bool:
    item = QueueItem.objects.filter(pk=entry["id"]).select_related("series", "episode").first()
    if item is None or item.series.deleted_at:
        return False
    return item.bring_back(by_user=entry["by_user"]) or item.unclear()


def _clearing(ids: list[int]) -> int:
    count = QueueItem.objects.filter(pk__in=ids).update(cleared_at=None)
    queue.tell("items_restored", cleared_count=-count)
    return count


def _reorder(state: list[dict[str, Any]]) -> int:
    count = 0
    for entry in state:
        count += QueueItem.objects.filter(pk=entry["id"], status=QueueItem.Status.PENDING).update(
            position=entry["position"], priority=entry["priority"]
        )
    queue.tell("queue_reordered")
    return count


def _series(state: dict[str, Any]) -> int:
    series = Series.objects.filter(pk=state["series"]).first()
    if series is None:
        raise Gone(_("The series is gone for good."))
    catalog.restore(series)
    return 1 + _removal(state["items"])


_ACTIONS: dict[str, Callable[[Any], int]] = {
    "removal": _removal,
    "clearing": _clearing,
    "reorder": _reorder,
    "series": _series,
}
_ON_DISK: dict[str, Callable[[Any], int]] = {"rename": renames.take_back}
