"""What the queue tells the world of one item: the event, and the operation's progress, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from django.utils.translation import gettext as _

from aniworld.alerts import raise_alert
from aniworld.live.models import Progress
from aniworld.live.progress import Operation
from aniworld.live.publish import publish
from downloads.models.queue_state import QueueState

if TYPE_CHECKING:
    from downloads.models.queue_item import QueueItem

Teller: TypeAlias = "Callable[[QueueItem], None]"
_Status = Progress.Status


def progress_id(item: QueueItem) -> str:
    """The operation's id: noted when a worker takes the item, since the series' folder may change meanwhile."""
    return item.progress_id or new_progress_id(item)


def new_progress_id(item: QueueItem) -> str:
    """The id for a try that begins now."""
    return f"download_{item.series.folder}_{item.season}_{item.episode.number}"


def started(item: QueueItem) -> None:
    """A worker took it."""
    Operation.start(
        progress_id(item),
        Progress.Type.DOWNLOAD,
        f"{item.series.name} {item.episode.code}",
        current=item.downloaded_bytes,
        total=item.total_bytes,
        metadata={"item_id": item.pk, "key": item.series.key},
        event="download_started",
        data=_facts(item),
    )


def progressed(item: QueueItem) -> None:
    """It got further."""
    _advance(item, "download_progress")


def waiting(item: QueueItem) -> None:
    """It is pending again."""
    _advance(item, "download_progress")


def paused(item: QueueItem) -> None:
    """It is parked, and `pause_reason` says why."""
    _advance(item, "download_paused")


def completed(item: QueueItem) -> None:
    """The file stands in the library. The last one of a series tells of the series too."""
    _finish(item, "download_complete", _Status.COMPLETED)
    # Two that end at once look one after the other, so that the last one sees that it is.
    QueueState.objects.locked()
    if not item.series.queue_items.live().exists():
        publish("download_series_completed", {"key": item.series.key, "name": item.series.name})


def failed(item: QueueItem) -> None:
    """Every source was tried to the end."""
    _finish(item, "download_failed", _Status.FAILED)
    name = f"{item.series.name} {item.episode.code}"
    raise_alert("download_failed", _("%s could not be downloaded") % name, item.error_message, about=name)


def cancelled(item: QueueItem) -> None:
    """A user took it out."""
    _finish(item, "download_cancelled", _Status.CANCELLED)


def _advance(item: QueueItem, type_: str) -> None:
    operation = Operation.attach(progress_id(item))
    reached: dict[str, Any] = {"percent": item.progress_percent, "current": item.downloaded_bytes}
    if operation:
        operation.write(**reached, total=item.total_bytes, message=item.error_message)
    publish(type_, {"status": _Status.IN_PROGRESS, **_facts(item)})


def _finish(item: QueueItem, type_: str, status: str) -> None:
    operation = Operation.attach(progress_id(item))
    if operation:
        operation.write(percent=item.progress_percent, current=item.downloaded_bytes, total=item.total_bytes)
        operation.finish(status, item.error_message)
    publish(type_, {"status": status, **_facts(item)})


def _facts(item: QueueItem) -> dict[str, Any]:
    return {
        "progress_id": progress_id(item),
        "item_id": item.pk,
        "key": item.series.key,
        "name": item.series.name,
        "season": item.season,
        "episode": item.episode.number,
        "language": item.language,
        "file": item.file_destination or None,
        "item_status": item.status,
        "provider": item.provider,
        "percent": item.progress_percent,
        "downloaded_bytes": item.downloaded_bytes,
        "total_bytes": item.total_bytes,
        "speed": item.download_speed,
        "eta_seconds": item.eta_seconds,
        "retry_count": item.retry_count,
        "error": item.error_message or None,
        "pause_reason": item.pause_reason or None,
        "next_attempt_at": item.next_attempt_at.isoformat() if item.next_attempt_at else None,
    }
