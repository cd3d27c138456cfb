"""The numbers that a dashboard shows of us: flat, in plain units, cheap enough to be asked for every few seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from aniworld import __version__
from downloads import statistics
from downloads.disks import disks
from library.models import Episode, Series
from providers.models import ProviderStatus

_RECENT = timedelta(days=1)


def numbers() -> dict[str, Any]:
    """All of them, in a constant number of queries. Bytes, bytes per second, seconds; None is unknown."""
    queue = statistics.statistics()
    switches = statistics.switches()
    live = Episode.objects.filter(series__deleted_at__isnull=True)
    recent = Q(download_date__gt=timezone.now() - _RECENT, is_downloaded=True)
    episodes = live.aggregate(
        n=Count("pk"), missing=Count("pk", filter=Q(is_downloaded=False)), arrived=Count("pk", filter=recent)
    )
    bad = [ProviderStatus.Status.DOWN, ProviderStatus.Status.BLOCKED]
    library = next((disk for disk in disks() if disk.name == "library"), None)
    return {
        "status": _status(queue, switches),
        "downloading": queue["active"],
        "queued": queue["pending"] + queue["paused"],
        "failed": queue["failed"],
        "speed_bytes_per_second": queue["current_speed"],
        "eta_seconds": queue["eta_seconds"],
        "series": Series.objects.live().count(),
        "episodes": episodes["n"] - episodes["missing"],
        "missing": episodes["missing"],
        "arrived_today": episodes["arrived"],
        "free_bytes": library.free if library else None,
        "providers_down": ProviderStatus.objects.filter(provider__enabled=True, status__in=bad).count(),
        "version": __version__,
    }


def _status(queue: dict[str, Any], switches: dict[str, Any]) -> str:
    """One word: stopped, paused, waiting (for the download window), downloading or idle."""
    if not switches["is_running"]:
        return "stopped"
    if switches["is_paused"]:
        return "paused"
    if queue["active"]:
        return "downloading"
    return "waiting" if switches["window_opens_at"] else "idle"
