"""What happened lately, as a journal: the event log without what only moves bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aniworld.configuration import store
from aniworld.live.models import Event
from aniworld.pages import journal
from aniworld.pages.access import members
from aniworld.pages.journal import Entry

A_PAGE = 60
LONGEST_QUERY = 100
_LARGEST_ID = 2**63 - 1

# What can be chosen → its words and the types of events it shows.
FILTERS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "arrived": (gettext_lazy("Arrived"), ("download_complete", "download_series_completed")),
    "trouble": (
        gettext_lazy("Trouble"),
        (
            "download_failed",
            "failover",
            "scan_failed",
            "provider_down",
            "system_warning",
            "system_error",
            "scheduled_rescan_failed",
            "auto_download_failed",
        ),
    ),
    "library": (
        gettext_lazy("Library"),
        ("series_added", "series_removed", "scan_complete", "scan_failed", "scan_cancelled", "auto_download_completed"),
    ),
    "providers": (gettext_lazy("Providers"), ("provider_down", "provider_recovered", "failover")),
    "queue": (
        gettext_lazy("Queue"),
        ("queue_started", "queue_stopped", "queue_paused", "queue_resumed", "download_cancelled"),
    ),
}


@dataclass(frozen=True)
class Day:
    """The entries of one day, the latest first."""

    title: str
    entries: list[Entry]


def _title(day: date) -> str:
    today = timezone.localdate()
    if day == today:
        return _("Today")
    return _("Yesterday") if day == today - timedelta(days=1) else date_format(day, "DATE_FORMAT")


def _days(entries: list[Entry]) -> Iterator[Day]:
    for day, found in groupby(entries, key=lambda entry: timezone.localtime(entry.moment).date()):
        yield Day(_title(day), list(found))


def _events(chosen: str, query: str) -> QuerySet[Event]:
    types = FILTERS[chosen][1] if chosen else journal.TYPES
    events = Event.objects.filter(type__in=types).order_by("-id")
    return events.filter(data__name__icontains=query) if query else events


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _address(chosen: str, query: str, before: int | None = None) -> str:
    asked = {"filter": chosen, "q": query, "before": before or ""}
    kept = {name: value for name, value in asked.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def _shown(request: HttpRequest) -> dict[str, Any]:
    chosen = request.GET.get("filter", "")
    chosen = chosen if chosen in FILTERS else ""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    before = _before(request)
    found = list(_events(chosen, query).filter(pk__lt=before or _LARGEST_ID)[: A_PAGE + 1])
    entries = journal.entries(found[:A_PAGE])
    older = _address(chosen, query, entries[-1].id) if len(found) > A_PAGE else ""
    return {
        "days": list(_days(entries)),
        "chosen": chosen,
        "query": query,
        "filters": [(name, words, _address(name, query)) for name, (words, _types) in FILTERS.items()],
        "everything": _address("", query),
        "older": older,
        "is_first": before is None,
        "keep_days": store.current().advanced.event_keep_days,
        # Only the newest page grows; an older one stays as it is.
        "part_address": reverse("journal-part") + _address(chosen, query, before),
    }


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/activity.html", _shown(request))


@members
def part(request: HttpRequest) -> HttpResponse:
    """The entries alone."""
    return render(request, "parts/journal.html", _shown(request))
