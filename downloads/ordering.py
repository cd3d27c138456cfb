"""The user's order. It holds within a priority; an item that is put before a higher one takes that priority on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.refusals import Conflict
from downloads import queue
from downloads.models import QueueItem, QueueState, Undo

# Of many that can't be ordered, so many are told.
MOST_NAMED = 5


def _pending() -> Any:
    return QueueItem.objects.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")


def arrange(ids: Sequence[int], by: User | None = None) -> str:
    """Puts these items in front in exactly this order, the rest behind; answers the undo id.

    Raises `Conflict` when one of them is not pending.
    """
    with transaction.atomic():
        QueueState.objects.locked()
        items = _demand_pending(ids)
        rest = _pending().exclude(pk__in=ids)
        priority = rest.aggregate(most=Max("priority"))["most"] or 0
        first = (_pending().aggregate(least=Min("position"))["least"] or 0) - queue.GAP * len(ids)
        before = places(items.values())
        for number in reversed(range(len(ids))):
            item = items[ids[number]]
            item.priority = priority = max(priority, item.priority)
            item.position = first + number * queue.GAP
        QueueItem.objects.bulk_update(list(items.values()), ["priority", "position"], batch_size=200)
        queue.tell("queue_reordered")
        return Undo.remember("reorder", before, by)


def move(item_id: int, new_position: int, by: User | None = None) -> str:
    """Moves one item so that it stands at `new_position` (from 0) of the pending list; answers the undo id."""
    with transaction.atomic():
        QueueState.objects.locked()
        item = _demand_pending([item_id])[item_id]
        above, below = _neighbours(item_id, new_position)
        if above and below and above.priority == below.priority and below.position - above.position < 2:
            _spread(above.priority)
            # What can be undone are places in the order as it is now.
            item.refresh_from_db(fields=["position"])
            above, below = _neighbours(item_id, new_position)
        before = places([item])
        _put_between(item, above, below)
        queue.tell("queue_reordered", item_id=item_id, new_position=new_position)
        return Undo.remember("reorder", before, by)


def _neighbours(item_id: int, place: int) -> tuple[QueueItem | None, QueueItem | None]:
    """Between which pending items one stands at `place`, which may lie behind the last."""
    others = _pending().exclude(pk=item_id)
    if place == 0:
        return None, others.first()
    found = list(others[place - 1 : place + 1])
    if not found:
        return others.last(), None
    return found[0], found[1] if len(found) > 1 else None


def _put_between(item: QueueItem, above: QueueItem | None, below: QueueItem | None) -> None:
    """There is room between the two when both have the same priority."""
    if below is not None and item.priority < below.priority:
        item.priority = below.priority
    if above is not None and item.priority > above.priority:
        item.priority = above.priority
    upper = above.position if above is not None and above.priority == item.priority else None
    lower = below.position if below is not None and below.priority == item.priority else None
    if upper is not None:
        item.position = (upper + lower) // 2 if lower is not None else upper + queue.GAP
    elif lower is not None:
        item.position = lower - queue.GAP
    item.save(update_fields=["priority", "position", "updated_at"])


def _spread(priority: int) -> None:
    """Gives the pending items of a priority room between each other again."""
    rows = list(_pending().filter(priority=priority).only("position"))
    for number, row in enumerate(rows):
        row.position = number * queue.GAP
    QueueItem.objects.bulk_update(rows, ["position"], batch_size=500)
    state = QueueState.objects.locked()
    state.next_position = max(state.next_position, len(rows) * queue.GAP)
    state.save(update_fields=["next_position", "updated_at"])


def _demand_pending(ids: Sequence[int]) -> dict[int, QueueItem]:
    items = {item.pk: item for item in _pending().filter(pk__in=ids)}
    wrong = [pk for pk in ids if pk not in items]
    if wrong:
        raise Conflict(_why_not(wrong[:MOST_NAMED]))
    return items


def _why_not(ids: Sequence[int]) -> str:
    """Why these have no place in the order, each by its name."""
    known = QueueItem.objects.select_related("series", "episode").in_bulk(ids)
    return " ".join(_not_pending(known[pk]) if pk in known else _("There is no queue item %d.") % pk for pk in ids)


def _not_pending(item: QueueItem) -> str:
    sentences = {
        QueueItem.Status.DOWNLOADING: _("“%s” has begun meanwhile."),
        QueueItem.Status.PAUSED: _("“%s” is paused meanwhile; resume it first."),
    }
    return sentences.get(QueueItem.Status(item.status), _("“%s” is over meanwhile.")) % item


def places(items: Iterable[QueueItem]) -> list[dict[str, int]]:
    """Where each stands, as an undo of a reorder remembers it."""
    return [{"id": item.pk, "position": item.position, "priority": item.priority} for item in items]
