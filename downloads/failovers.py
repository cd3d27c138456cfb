"""How often each host was tried, and how often another one had to take over from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone

from aniworld.configuration import store
from downloads.models import Attempt

# Ends that say nothing of the host: the user's or the operator's doing.
_NOT_ITS_OWN = (Attempt.Outcome.CANCELLED, Attempt.Outcome.PARKED)


@dataclass(frozen=True, slots=True)
class Figures:
    """One host's attempts of the last `providers.history_days`; `switches`: another host was tried after it."""

    attempts: int = 0
    successes: int = 0
    switches: int = 0
    last_error: str = ""
    last_error_time: datetime | None = None


def figures() -> dict[str, Figures]:
    """Of every host that was tried, by name, in three queries."""
    since = timezone.now() - timedelta(days=store.current().providers.history_days)
    recent = Attempt.objects.order_by().filter(started_at__gte=since)
    counted = recent.values("provider").annotate(
        attempts=Count("pk"),
        successes=Count("pk", filter=Q(outcome=Attempt.Outcome.COMPLETED)),
        switches=Count("pk", filter=~Q(followed_by__in=["", F("provider")])),
    )
    errors = _last_errors(recent)
    return {
        row["provider"]: Figures(row["attempts"], row["successes"], row["switches"], *errors.get(row["provider"], ()))
        for row in counted
    }


def _last_errors(recent: QuerySet[Attempt]) -> dict[str, tuple[str, datetime | None]]:
    told = recent.exclude(error="").exclude(outcome__in=_NOT_ITS_OWN)
    latest = told.values("provider").annotate(last=Max("pk")).values_list("last", flat=True)
    return {row.provider: (row.error, row.ended_at) for row in Attempt.objects.filter(pk__in=list(latest))}
