"""How items look to API callers."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from downloads.models import Attempt, Priority, QueueItem
from downloads.why import Why

# What a caller is told of an item is made of these, and of nothing else of it, its series and its episode.
_READ = (
    *("id", "series__key", "series__name", "season", "episode__number", "episode__title", "language", "status"),
    *("priority", "progress_percent", "downloaded_bytes", "total_bytes", "download_speed", "eta_seconds"),
    *("retry_count", "next_attempt_at", "provider", "pause_reason", "error_message", "file_destination"),
    *("created_at", "started_at", "completed_at"),
)
Read = dict[str, Any]


def reads(rows: QuerySet[QueueItem]) -> QuerySet[QueueItem, Read]:
    """The same items as `told` needs them: a list of hundreds is mostly the making of whole rows."""
    found: QuerySet[QueueItem, Read] = rows.values(*_READ)
    return found


def priority_name(priority: int) -> str:
    """low, normal or high."""
    return Priority(priority).name.lower()


def item(row: QueueItem, position: int | None = None) -> dict[str, Any]:
    """An item that is at hand whole, as `told` does it."""
    return told({name: attrgetter(name.replace("__", "."))(row) for name in _READ}, position)


def told(read: Read, position: int | None = None) -> dict[str, Any]:
    """An item as api.md has it. `position` is its place among the pending ones from 0; null when it is not pending."""
    return {
        "id": read["id"],
        "series": {"key": read["series__key"], "name": read["series__name"]},
        "season": read["season"],
        "episode": read["episode__number"],
        "title": read["episode__title"],
        "language": read["language"],
        "status": read["status"],
        "priority": priority_name(read["priority"]),
        "position": position,
        "progress_percent": read["progress_percent"],
        "downloaded_bytes": read["downloaded_bytes"],
        "total_bytes": read["total_bytes"],
        "download_speed": read["download_speed"],
        "eta_seconds": read["eta_seconds"],
        "retry_count": read["retry_count"],
        "next_attempt_at": read["next_attempt_at"],
        "provider": read["provider"] or None,
        "pause_reason": read["pause_reason"] or None,
        "error_message": read["error_message"] or None,
        "file_destination": read["file_destination"] or None,
        "created_at": read["created_at"],
        "started_at": read["started_at"],
        "completed_at": read["completed_at"],
    }


def attempt(row: Attempt) -> dict[str, Any]:
    """One try and its end; `outcome` is null while it runs."""
    return {
        "provider": row.provider,
        "language": row.language,
        "started": row.started_at,
        "ended": row.ended_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "bytes": row.bytes,
        "outcome": row.outcome or None,
        "error": row.error or None,
        "next_step": row.next_step or None,
    }


def reasons(answer: Why) -> dict[str, Any]:
    """Why an item or an episode is where it is, without the attempts."""
    return {
        "state": answer.state,
        "reason": answer.reason,
        "next_step": answer.next_step,
        "next_at": answer.next_at,
        "refused": answer.refused,
        "quarantined": answer.quarantined,
        "obstacles": answer.obstacles,
    }


def items(rows: Iterable[Read]) -> list[dict[str, Any]]:
    """Items with their positions, which cost one query, and only when a pending one is among them."""
    several = list(rows)
    places = positions([read["id"] for read in several if read["status"] == QueueItem.Status.PENDING])
    return [told(read, places.get(read["id"])) for read in several]


def numbered(rows: Iterable[Read], first: int) -> list[dict[str, Any]]:
    """Pending items in the queue's order, of which the first one has the place `first`."""
    return [told(read, first + place) for place, read in enumerate(rows)]


def positions(ids: list[int]) -> dict[int, int]:
    """The places of pending items in the queue's order, from 0."""
    if not ids:
        return {}
    if len(ids) == 1:
        return {ids[0]: _position(ids[0])}
    order = [F("priority").desc(), F("position").asc(), F("id").asc()]
    pending = QueueItem.objects.filter(status=QueueItem.Status.PENDING).order_by()
    places = pending.annotate(place=Window(RowNumber(), order_by=order)).values_list("pk", "place")
    wanted = set(ids)
    return {pk: place - 1 for pk, place in places.iterator() if pk in wanted}


def _position(pk: int) -> int:
    row = QueueItem.objects.get(pk=pk)
    same = Q(priority=row.priority)
    before = Q(priority__gt=row.priority) | same & Q(position__lt=row.position)
    before |= same & Q(position=row.position, pk__lt=row.pk)
    return QueueItem.objects.filter(before, status=QueueItem.Status.PENDING).count()
