"""The one function that publishes. Domain code calls it and does not know about sockets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from aniworld import statements
from aniworld.live.message import plain
from aniworld.live.models import Event
from aniworld.live.wakeup import bell

logger = logging.getLogger(__name__)

# Which room each type belongs to (events.md's table).
ROOMS: dict[str, tuple[str, ...]] = {
    "download_progress": ("download_started", "download_progress"),
    "downloads": (
        "download_complete",
        "download_failed",
        "download_cancelled",
        "download_paused",
        "download_series_completed",
        "queue_status",
        "queue_started",
        "queue_stopped",
        "queue_paused",
        "queue_resumed",
    ),
    "scan_progress": ("scan_started", "scan_progress", "scan_complete", "scan_failed", "scan_cancelled"),
    "queue_progress": ("queue_progress",),
    "series": ("series_loading_update", "series_added", "series_updated", "series_removed"),
    "imports": ("import_progress", "import_complete", "import_failed"),
    "providers": ("provider_status", "provider_down", "provider_recovered", "failover"),
    "system_progress": (
        "system_info",
        "system_warning",
        "system_error",
        "scheduled_rescan_started",
        "scheduled_rescan_completed",
        "scheduled_rescan_failed",
        "auto_download_started",
        "auto_download_completed",
        "auto_download_failed",
    ),
}
ROOM_OF: dict[str, str] = {type_: room for room, types in ROOMS.items() for type_ in types}


Handler = Callable[[Event], None]

_handlers: dict[str, Handler] = {}


def publish(type_: str, data: dict[str, Any]) -> Event:
    """Writes an event into the log, in the caller's transaction when there is one; it is told of after the commit.

    `data` may hold what JSON can't (times, NaN, NUL): it is made plain. Listeners and Redis never fail or block the
    work. On PostgreSQL the events of other transactions wait for this one to end, so it should end soon.
    Raises KeyError for a type that no room carries: a slip of the caller, not of the outside.
    """
    event = Event(type=type_, room=ROOM_OF[type_], timestamp=timezone.now(), data=plain(data))
    statements.insert(event)
    transaction.on_commit(lambda: _tell(event), robust=True)
    return event


def subscribe(name: str, handler: Handler) -> None:
    """Calls `handler` after the commit of every event that this process publishes, in the thread that published it.

    A second handler of the same name takes the place of the first. One that fails is logged and disturbs nobody.
    """
    _handlers[name] = handler


def unsubscribe(name: str) -> None:
    """Ends what `subscribe` began; an unknown name is fine."""
    _handlers.pop(name, None)


def _tell(event: Event) -> None:
    bell.ring()
    for name, handler in list(_handlers.items()):
        try:
            handler(event)
        except Exception:  # whatever it is, it is not the publisher's
            logger.exception("Listener %s failed on %s", name, event)
