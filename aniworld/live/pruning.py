"""Keeps the event log and the history of progress within what the operator wants kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.module_loading import import_string

from aniworld.live.models import Event, Progress

# Rows deleted in one transaction, so that no other writer waits long.
_PIECE = 2000
# An operation that has not reported for so long has lost its process: nobody else will end it.
_FORGOTTEN = timedelta(days=1)


class Limits(Protocol):
    """What is kept: section `advanced` of the configuration."""

    @property
    def event_keep_days(self) -> int:
        """Days that an event is kept."""

    @property
    def event_keep_rows(self) -> int:
        """Events kept at most."""

    @property
    def progress_history(self) -> int:
        """Ended operations kept per type."""


@dataclass(frozen=True)
class Pruned:
    """How many rows went."""

    events: int
    operations: int


def limits() -> Limits:
    """The limits in force, from the configuration that `settings.LIVE_CONFIGURATION` names."""
    advanced: Limits = import_string(settings.LIVE_CONFIGURATION)().advanced
    return advanced


def prune(keep: Limits) -> Pruned:
    """Deletes what is older or more than `keep` allows."""
    return Pruned(prune_events(keep.event_keep_days, keep.event_keep_rows), prune_progress(keep.progress_history))


def prune_events(days: int, rows: int) -> int:
    """Deletes events from the old end only: whoever resumes can tell from the oldest id what is missing.

    The newest stays whatever its age, because it tells how far the log has come.
    """
    last = Event.objects.order_by("-id").values_list("id", flat=True)
    newest = last.first()
    if newest is None:
        return 0
    too_old = Event.objects.filter(timestamp__lt=timezone.now() - timedelta(days=days)).aggregate(id=Max("id"))["id"]
    too_many = next(iter(last[rows : rows + 1]), 0)
    up_to = min(newest - 1, max(too_old or 0, too_many))
    deleted = 0
    while piece := list(Event.objects.filter(id__lte=up_to).order_by("id").values_list("id", flat=True)[:_PIECE]):
        deleted += Event.objects.filter(id__lte=piece[-1]).delete()[0]
    return deleted


def prune_progress(history: int) -> int:
    """Keeps the latest `history` ended operations of each type; one that fell silent for a day counts as failed."""
    Progress.objects.filter(status__in=Progress.ACTIVE, updated_at__lt=timezone.now() - _FORGOTTEN).update(
        status=Progress.Status.FAILED
    )
    deleted = 0
    for type_ in Progress.Type.values:
        ended = Progress.objects.ended().filter(type=type_).values_list("id", flat=True)
        surplus = list(ended[history:])
        for start in range(0, len(surplus), 500):
            deleted += Progress.objects.ended().filter(id__in=surplus[start : start + 500]).delete()[0]
    return deleted
