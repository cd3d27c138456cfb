"""Short ways to ask `/api/queue`, and to look what came of it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from aniworld.live.models import Event
from downloads.models import QueueItem
from library.models import Series
from tests.aniworld.people import Api

Status = QueueItem.Status
SWITCHES = {"is_running": True, "is_paused": False}
# A request without a body
NOTHING = ""
ITEM_FIELDS = {
    *("id", "series", "season", "episode", "language", "status", "priority", "position", "progress_percent"),
    *("downloaded_bytes", "total_bytes", "download_speed", "eta_seconds", "retry_count", "next_attempt_at"),
    *("provider", "pause_reason", "error_message", "file_destination", "created_at", "started_at", "completed_at"),
}


def add(api: Api, series: Series, *numbers: int, **values: Any) -> Any:
    wanted = [{"season": 1, "episode": number} for number in numbers]
    return api.call("post", "/api/queue/add", {"key": series.key, "episodes": wanted, **values})


def queued(api: Api, series: Series, *numbers: int, **values: Any) -> list[int]:
    answer = add(api, series, *numbers, **values)
    assert answer.status_code == 201, answer.content
    found: list[int] = answer.json()["added_items"]
    return found


def ended(pk: int, status: str = Status.FAILED, **values: Any) -> None:
    QueueItem.objects.filter(pk=pk).update(status=status, completed_at=timezone.now(), **values)


def status_of(pk: int) -> str:
    return QueueItem.objects.get(pk=pk).status


def told(action: str) -> dict[str, Any]:
    """The one event of the queue with this action; it never carries a list that grows with the queue."""
    [event] = Event.objects.filter(type="queue_status", data__action=action)
    data: dict[str, Any] = event.data
    assert data["statistics"]["total_items"] >= 0
    assert (data["is_running"], data["is_paused"]) == (True, False)
    return data
