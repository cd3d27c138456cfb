"""What the frame around every page shows. Each value costs nothing until a template asks for it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, Sum
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils.functional import SimpleLazyObject

from aniworld.configuration import store
from aniworld.live.models import Event
from aniworld.navigation import rail
from downloads.models import QueueItem


def _theme(request: HttpRequest) -> str:
    preferences = getattr(request, "preferences", None)
    return preferences.theme if preferences else "auto"


def _density(request: HttpRequest) -> str:
    preferences = getattr(request, "preferences", None)
    return preferences.density if preferences else "comfortable"


def activity() -> dict[str, int]:
    """How much is downloading, waits and failed uncleared, and the speed of all together in bytes per second."""
    running = QueueItem.objects.filter(status=QueueItem.Status.DOWNLOADING)
    figures = running.aggregate(active=Count("pk"), speed=Sum("download_speed"))
    # Apart: an index has these numbers, and knows nothing of speeds.
    others = QueueItem.objects.listed().filter(status__in=[QueueItem.Status.PENDING, QueueItem.Status.FAILED])
    counts = dict(others.order_by().values_list("status").annotate(n=Count("*")))
    return {
        "active": figures["active"],
        "speed": figures["speed"] or 0,
        "pending": counts.get(QueueItem.Status.PENDING, 0),
        "failed": counts.get(QueueItem.Status.FAILED, 0),
    }


def last_event() -> int:
    """The id of the newest event: what comes after it is what a page rendered now does not show."""
    return Event.objects.aggregate(newest=Max("id"))["newest"] or 0


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {
        "site_name": SimpleLazyObject(lambda: store.current().general.site_name),
        "theme": _theme(request),
        "density": _density(request),
        "activity": SimpleLazyObject(activity),
        "rail": SimpleLazyObject(lambda: rail(request)),
        "newest_event": getattr(request, "newest_event", None),
        "socket_path": f"{get_script_prefix()}ws/connect",
    }
