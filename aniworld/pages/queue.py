"""The queue: what runs, what waits, what stopped and why, what is done."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, ngettext

from aniworld.pages.access import members
from aniworld.paging import page_of
from downloads import expected_language, statistics, throughput, window
from downloads.models import Attempt, Priority, QueueItem, QueueState
from library.models import Episode, Series
from library.root import LibraryUnavailable, library_root
from providers.models import Provider

ITEMS_A_SECTION = 100
COMPLETED_A_PAGE = 20
Status = QueueItem.Status


HOURS_SHOWN = 24

_PAUSED = {
    "": gettext_lazy("Paused by hand."),
    QueueItem.PauseReason.BLOCKED: gettext_lazy("Every source answered with a challenge or a login."),
    QueueItem.PauseReason.DISK: gettext_lazy("Waits for free space. It goes on by itself once there is enough."),
    QueueItem.PauseReason.LIBRARY: gettext_lazy(
        "Waits for the library folder. It goes on by itself once that is there."
    ),
    QueueItem.PauseReason.WINDOW: gettext_lazy("Waits for the download window. It goes on by itself when that opens."),
}


@dataclass(frozen=True)
class Stop:
    """A host on the way of an item: `failed` with a reason, or in use `now`."""

    host: str
    state: str
    reason: str


@dataclass(frozen=True)
class QueueRow:
    """An item with the hosts it went through and its place. `language` is of what comes or came, not the wish."""

    item: QueueItem
    trail: list[Stop]
    host: str
    rank: int
    language: str

    @property
    def reason(self) -> str:
        """Why it is paused, in a sentence."""
        return str(_PAUSED.get(self.item.pause_reason, _PAUSED[""]))

    @property
    def others(self) -> list[str]:
        """The languages that the catalogue has besides the one that failed."""
        return expected_language.others(self.item, self.language)


@dataclass(frozen=True)
class Section:
    """Up to a hundred rows, and how many there are in all."""

    rows: list[QueueRow]
    count: int

    @property
    def rest(self) -> int:
        """How many are not shown."""
        return self.count - len(self.rows)


def _attempts(items: Iterable[QueueItem]) -> dict[int, list[Attempt]]:
    found: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(item__in=[item.pk for item in items]).order_by("id"):
        found[attempt.item_id].append(attempt)
    return found


def _trail(attempts: Sequence[Attempt], current: str, names: dict[str, str]) -> list[Stop]:
    """Each host once, with how it last went; the one in use comes last."""
    last = {attempt.provider: attempt for attempt in attempts if attempt.provider != current and attempt.outcome}
    stops = [
        Stop(names.get(name, name), "failed", f"{attempt.get_outcome_display()}: {attempt.error}".rstrip(": "))
        for name, attempt in last.items()
        if attempt.outcome not in (Attempt.Outcome.COMPLETED, Attempt.Outcome.PARKED, Attempt.Outcome.CANCELLED)
    ]
    return [*stops, Stop(names.get(current, current), "now", "")] if current else stops


def _items(status: str) -> QuerySet[QueueItem]:
    return QueueItem.objects.listed().filter(status=status).select_related("series", "episode")


def _ended_last(status: str) -> QuerySet[QueueItem]:
    return _items(status).order_by("-completed_at", "-id")


def _completed(request: HttpRequest, count: int) -> Page[QueueItem]:
    """The page of what is done that `completed` names; the first for anything odd."""
    return page_of(_ended_last(Status.COMPLETED), COMPLETED_A_PAGE, request.GET.get("completed"), count)


def _row(item: QueueItem, rank: int, tried: Sequence[Attempt], names: dict[str, str]) -> QueueRow:
    using = item.provider if item.status == Status.DOWNLOADING else ""
    language = expected_language.of(item, tried[-1].language if tried else "")
    return QueueRow(item, _trail(tried, using, names), names.get(item.provider, item.provider), rank, language)


def _sections(completed: Page[QueueItem], counts: Mapping[str, int]) -> dict[str, Section]:
    shown = {
        Status.DOWNLOADING: list(_items(Status.DOWNLOADING).order_by("started_at", "id")[:ITEMS_A_SECTION]),
        Status.PENDING: list(_items(Status.PENDING).order_by("-priority", "position", "id")[:ITEMS_A_SECTION]),
        Status.PAUSED: list(_items(Status.PAUSED).order_by("-priority", "position", "id")[:ITEMS_A_SECTION]),
        Status.FAILED: list(_ended_last(Status.FAILED)[:ITEMS_A_SECTION]),
        Status.COMPLETED: list(completed),
    }
    names = dict(Provider.objects.values_list("name", "display_name"))
    # What waits is shown with its wish: nothing of it is under way.
    tried = _attempts(item for status, items in shown.items() if status != Status.PENDING for item in items)
    return {
        str(status.value): Section(
            [_row(item, rank, tried[item.pk], names) for rank, item in enumerate(items, 1)], counts[status]
        )
        for status, items in shown.items()
    }


def free_bytes() -> int | None:
    """Free space below the library folder; None while that is not there."""
    try:
        return shutil.disk_usage(library_root()).free
    except (LibraryUnavailable, OSError):
        return None


def _statistics() -> dict[str, Any]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = QueueItem.objects.filter(status=Status.COMPLETED, completed_at__gte=midnight)
    figures = today.aggregate(done_today=Count("*"), bytes_today=Sum("total_bytes"))
    return statistics.statistics(exact=True) | figures | {"free": free_bytes()}


def _arrivals() -> dict[str, Any]:
    """What arrived in the last hours, for a small chart; nothing when nothing did."""
    counts = throughput.arrivals_by_hour(HOURS_SHOWN)
    if not any(counts):
        return {}
    words = ngettext("%d episode in the last 24 hours", "%d episodes in the last 24 hours", sum(counts))
    return {"arrivals": counts, "arrivals_told": words % sum(counts)}


def _anything_missing() -> bool:
    return Episode.objects.filter(series__in=Series.objects.live(), is_downloaded=False).exists()


def _shown(request: HttpRequest) -> dict[str, Any]:
    figures = _statistics()
    completed = _completed(request, figures["completed"])
    here = f"?completed={completed.number}" if completed.number > 1 else ""
    return {
        "state": QueueState.objects.now(),
        "window_opens_at": window.opens_at(),
        "sections": _sections(completed, {**figures, Status.DOWNLOADING: figures["active"]}),
        "completed_page": completed,
        "part_address": reverse("queue-part") + here,
        "anything_missing": _anything_missing(),
        "statistics": figures,
        "priorities": [(value, capfirst(label)) for value, label in Priority.choices],
        **_arrivals(),
    }


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/queue.html", _shown(request))


@members
def window_page(request: HttpRequest) -> HttpResponse:
    """The same in a window of its own, without the frame."""
    return render(request, "pages/queue_window.html", _shown(request) | {"in_window": True})


@members
def part(request: HttpRequest) -> HttpResponse:
    """All sections."""
    return render(request, "parts/queue.html", _shown(request))


@members
def activity(request: HttpRequest) -> HttpResponse:
    """How much runs and waits, for the frame."""
    return render(request, "parts/activity_answer.html")
