"""How items look to API callers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from downloads.models import Attempt, Priority, QueueItem
from downloads.why import Why

# All that `item` reads; a series and an episode have much more.
_READ = (
    *("series", "episode", "series__key", "series__name", "episode__number", "episode__title"),
    *("season", "language", "status", "priority", "progress_percent", "downloaded_bytes", "total_bytes"),
    *("download_speed", "eta_seconds", "retry_count", "next_attempt_at", "provider", "pause_reason", "error_message"),
    *("file_destination", "created_at", "started_at", "completed_at"),
)


def listed() -> QuerySet[QueueItem]:
    """Those not cleared away, for `item` and nothing else: what that does not read would cost a query each."""
    return QueueItem.objects.listed().select_related("series", "episode").only(*_READ)


def priority_name(priority: int) -> str:
    """low, normal or high."""
    return Priority(priority).name.lower()


def item(row: QueueItem, position: int | None = None) -> dict[str, Any]:
    """An item as api.md has it. `position` is its place among the pending ones from 0; null when it is not pending."""
    return {
        "id": row.pk,
        "series": {"key": row.series.key, "name": row.series.name},
        "season": row.season,
        "episode": row.episode.number,
        "title": row.episode.title,
        "language": row.language,
        "status": row.status,
        "priority": priority_name(row.priority),
        "position": position,
        "progress_percent": row.progress_percent,
        "downloaded_bytes": row.downloaded_bytes,
        "total_bytes": row.total_bytes,
        "download_speed": row.download_speed,
        "eta_seconds": row.eta_seconds,
        "retry_count": row.retry_count,
        "next_attempt_at": row.next_attempt_at,
        "provider": row.provider or None,
        "pause_reason": row.pause_reason or None,
        "error_message": row.error_message or None,
        "file_destination": row.file_destination or None,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "completed_at": row.completed_at,
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


def items(rows: Iterable[QueueItem]) -> list[dict[str, Any]]:
    """Items with their positions, which cost one query, and only when a pending one is among them."""
    listed = list(rows)
    places = positions([row.pk for row in listed if row.status == QueueItem.Status.PENDING])
    return [item(row, places.get(row.pk)) for row in listed]


def numbered(rows: Iterable[QueueItem], first: int) -> list[dict[str, Any]]:
    """Pending items in the queue's order, of which the first one has the place `first`."""
    return [item(row, first + place) for place, row in enumerate(rows)]


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
