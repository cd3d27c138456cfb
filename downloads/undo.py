"""Takes back a removal, a clearing, a reorder, a renaming, a switch, or the removal of a series; and does it again.

Taking back is itself a change that can be taken back: its undo id is what a "redo" asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.refusals import Conflict, Forbidden, Gone, NotThere, Refused
from downloads import bell, favorites, ordering, queue, removal, renames
from downloads.models import QueueItem, QueueState, Undo
from library import catalog, changes
from library.models import Series

_OVER = (QueueItem.Status.COMPLETED, QueueItem.Status.FAILED, QueueItem.Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, how many rows or files of it, and what does it again ("" where nothing can)."""

    action: str
    restored: int
    redo_id: str = ""


def undo(undo_id: str, by: User | None = None) -> Undone:
    """Puts back what was.

    Raises `NotThere`, `Gone` if it is too late, `Forbidden` for what somebody else did (unless `by` is staff), and
    `Conflict` if something new is in the way.
    """
    found = Undo.objects.filter(pk=undo_id).first()
    if found is None:
        raise NotThere(_("There is nothing to undo under this id."))
    if by and not by.is_staff and found.user_id not in (None, by.pk):
        raise Forbidden(_("Only who did it, or an administrator, may undo this."))
    restored, redo_id = _on_disk(found) if found.action in _ON_DISK else _in_database(found, by)
    return Undone(found.action, restored, redo_id)


def switch_monitored(series: list[Series], monitored: bool, by: User | None = None) -> str:
    """Says of each whether new episodes are looked for; answers the undo id ("" when all were so already)."""
    with transaction.atomic():
        before = [{"series": one.pk, "monitored": one.monitored} for one in series if one.monitored != monitored]
        for one in series:
            with changes.recorded(one, by=by.username if by else "", via="page"):
                one.change(monitored=monitored)
        return Undo.remember("monitored", before, by) if before else ""


def _in_database(found: Undo, by: User | None) -> tuple[int, str]:
    try:
        with transaction.atomic():
            _claim(found)
            return _ACTIONS[found.action](found.state, by)
    except IntegrityError:
        raise _queued_again() from None


def _queued_again() -> Conflict:
    return Conflict(_("An episode of it was queued again in the meantime."))


def _on_disk(found: Undo) -> tuple[int, str]:
    """Nothing that a transaction could hold together: each file goes back by itself."""
    _claim(found)
    return _ON_DISK[found.action](found.state), ""


def _claim(found: Undo) -> None:
    if not found.use():
        raise Gone(_("It is too late to undo this."))


def _removal(state: list[dict[str, Any]], by: User | None) -> tuple[int, str]:
    restored = _brought_back(state)
    return len(restored), Undo.remember("remove_again", restored, by) if restored else ""


def _brought_back(state: list[dict[str, Any]]) -> list[int]:
    # As for new items: nobody else finds one of the episodes free meanwhile.
    QueueState.objects.locked()
    restored = [entry["id"] for entry in state if _bring_back(entry)]
    queue.tell("items_restored", added_ids=restored)
    bell.ring()
    return restored


def _bring_back(entry: dict[str, Any]) -> bool:
    item = QueueItem.objects.filter(pk=entry["id"]).select_related("series", "episode").first()
    if item is None or item.series.deleted_at:
        return False
    if item.status == QueueItem.Status.CANCELLED and QueueItem.objects.live().rivals_of(item).exists():
        raise _queued_again()
    return item.bring_back(by_user=entry["by_user"]) or item.unclear()


def _remove_again(ids: list[int], by: User | None) -> tuple[int, str]:
    removed = queue.cancel(ids, by)
    return removed.count, removed.undo_id


def _clearing(ids: list[int], by: User | None) -> tuple[int, str]:
    count = QueueItem.objects.filter(pk__in=ids).update(cleared_at=None)
    queue.tell("items_restored", cleared_count=-count)
    return count, Undo.remember("clear_again", ids, by)


def _clear_again(ids: list[int], by: User | None) -> tuple[int, str]:
    """What was started anew since then stays."""
    over = QueueItem.objects.filter(pk__in=ids, status__in=_OVER)
    return _remove_again(list(over.values_list("pk", flat=True)), by)


def _reorder(then: str) -> Callable[[list[dict[str, Any]], User | None], tuple[int, str]]:
    """Puts items where they stood; `then` is the action that puts them back again."""

    def put_back(state: list[dict[str, Any]], by: User | None) -> tuple[int, str]:
        waiting = QueueItem.objects.filter(status=QueueItem.Status.PENDING)
        before = ordering.places(waiting.filter(pk__in=[entry["id"] for entry in state]))
        for entry in state:
            waiting.filter(pk=entry["id"]).update(position=entry["position"], priority=entry["priority"])
        queue.tell("queue_reordered")
        return len(before), Undo.remember(then, before, by) if before else ""

    return put_back


def _series(state: dict[str, Any], by: User | None) -> tuple[int, str]:
    series = _known(state["series"])
    catalog.restore(series)
    restored = _brought_back(state["items"])
    return 1 + len(restored), Undo.remember("remove_series_again", {"series": series.pk}, by)


def _remove_series_again(state: dict[str, Any], by: User | None) -> tuple[int, str]:
    return 1, removal.remove_series(_known(state["series"]), by=by)


def _known(pk: int) -> Series:
    series = Series.objects.filter(pk=pk).first()
    if series is None:
        raise Gone(_("The series is gone for good."))
    return series


def _monitored(then: str) -> Callable[[list[dict[str, Any]], User | None], tuple[int, str]]:
    """Switches series back to what they were; `then` is the action that does it again."""

    def switch_back(state: list[dict[str, Any]], by: User | None) -> tuple[int, str]:
        rows = {row.pk: row for row in Series.objects.filter(pk__in=[entry["series"] for entry in state])}
        before = [{"series": row.pk, "monitored": row.monitored} for row in rows.values()]
        for entry in state:
            if entry["series"] in rows:
                rows[entry["series"]].change(monitored=entry["monitored"])
        return len(rows), Undo.remember(then, before, by)

    return switch_back


def _favorites(again: str) -> Callable[[Any, User | None], tuple[int, str]]:
    def take_back(state: dict[str, Any], by: User | None) -> tuple[int, str]:
        count, before = favorites.take_back(state)
        return count, Undo.remember(again, before, by)

    return take_back


def _several(undo_ids: list[str], by: User | None, action: str = "several_again") -> tuple[int, str]:
    """Each of them; one that can't be taken back any more keeps no other."""
    undone: list[Undone] = []
    refused: Refused | None = None
    for one in undo_ids:
        try:
            undone.append(undo(one, by))
        except Refused as refusal:
            refused = refusal
    if refused and not undone:
        raise refused
    again = [one.redo_id for one in undone if one.redo_id]
    return len(undone), Undo.remember(action, again, by) if again else ""


def _several_again(undo_ids: list[str], by: User | None) -> tuple[int, str]:
    return _several(undo_ids, by, "several")


_ACTIONS: dict[str, Callable[[Any, User | None], tuple[int, str]]] = {
    "removal": _removal,
    "remove_again": _remove_again,
    "clearing": _clearing,
    "clear_again": _clear_again,
    "reorder": _reorder("reorder_again"),
    "reorder_again": _reorder("reorder"),
    "series": _series,
    "remove_series_again": _remove_series_again,
    "monitored": _monitored("monitored_again"),
    "monitored_again": _monitored("monitored"),
    "favorites": _favorites("favorites_again"),
    "favorites_again": _favorites("favorites"),
    "several": _several,
    "several_again": _several_again,
}
_ON_DISK: dict[str, Callable[[Any], int]] = {"rename": renames.take_back}
