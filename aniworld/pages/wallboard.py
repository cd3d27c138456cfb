"""The whole state at a glance for a second monitor: what runs, what is next, what came, and how the hosts are."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from aniworld.pages import queue
from aniworld.pages.access import members
from downloads import statistics
from downloads.models import QueueItem
from providers.lights import light_of
from providers.models import Provider

RUNNING, NEXT, ARRIVED = 8, 6, 6
Status = QueueItem.Status


def _shown() -> dict[str, Any]:
    rows = QueueItem.objects.listed().select_related("series", "episode")
    providers = Provider.objects.filter(enabled=True).select_related("status_record").order_by("kind", "priority")
    return {
        "statistics": statistics.statistics() | {"free": queue.free_bytes()},
        "running": list(rows.filter(status=Status.DOWNLOADING).order_by("started_at", "id")[:RUNNING]),
        "next": list(rows.filter(status=Status.PENDING).order_by("-priority", "position", "id")[:NEXT]),
        "arrived": list(rows.filter(status=Status.COMPLETED).order_by("-completed_at", "-id")[:ARRIVED]),
        # Who was never asked has nothing to tell from across the room.
        "lights": [(row, light) for row in providers if (light := light_of(row)).word != "unknown"],
        "part_address": reverse("wallboard-part"),
        **statistics.switches(),
    }


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, without the frame of the others."""
    return render(request, "pages/wallboard.html", _shown())


@members
def part(request: HttpRequest) -> HttpResponse:
    """Everything that moves."""
    return render(request, "parts/wallboard.html", _shown())
