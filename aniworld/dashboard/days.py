"""The last days: what arrived, how fast, and which hosts failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.utils import timezone

from aniworld.admin_pages.links import address_of_list
from downloads.models import Attempt, QueueItem
from library.models import Episode
from providers.models import Provider
from providers.rollups import Slot

DAYS = 14
_HOUR = 3600
_HOSTS = 8
_HOST_DAYS = 7
_KEY, _SECONDS = "dashboard.days", 60
_MANY = 5_000


@dataclass(slots=True)
class Stretch:
    """A day or an hour: how many episodes arrived, and how many bytes."""

    time: date | datetime
    episodes: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Host:
    """How often a host was tried, and how often that brought nothing."""

    name: str
    tried: int
    failed: int
    link: str

    @property
    def share(self) -> float:
        """Percent of the tries."""
        return 100.0 * self.failed / self.tried if self.tried else 0.0


def facts(_request: HttpRequest) -> dict[str, Any]:
    """The block's own. Where much arrived, it may be a minute old: adding it up is most of the screen's work."""
    kept: dict[str, Any] | None = cache.get(_KEY)
    if kept is not None:
        return kept
    found = list(_by_hour())
    told = {
        "days": _days(found),
        "hours": _hours(found),
        "hosts": _hosts(),
        "missing": Episode.objects.missing().count(),
        "host_days": _HOST_DAYS,
    }
    if sum(episodes for _hour, episodes, _size in found) > _MANY:
        cache.set(_KEY, told, _SECONDS)
    return told


def _by_hour() -> Iterator[tuple[datetime, int, int]]:
    since = timezone.now() - timedelta(days=DAYS)
    done = QueueItem.objects.order_by().filter(status=QueueItem.Status.COMPLETED, completed_at__gt=since)
    rows: Any = done.annotate(slot=Slot("completed_at", _HOUR)).values("slot")
    for row in rows.annotate(episodes=Count("pk"), bytes=Sum("downloaded_bytes")):
        yield datetime.fromtimestamp(row["slot"] * _HOUR, UTC), row["episodes"], row["bytes"] or 0


def _days(found: list[tuple[datetime, int, int]]) -> list[Stretch]:
    """By the day where the operator lives, today last."""
    today = timezone.localdate()
    days = {day: Stretch(day) for day in (today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1))}
    for hour, episodes, size in found:
        day = days.get(timezone.localtime(hour).date())
        if day:
            day.episodes += episodes
            day.bytes += size
    return list(days.values())


def _hours(found: list[tuple[datetime, int, int]]) -> list[Stretch]:
    """The last 24 hours."""
    this = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = {hour: Stretch(hour) for hour in (this - timedelta(hours=ago) for ago in range(23, -1, -1))}
    for hour, episodes, size in found:
        if hour in hours:
            hours[hour].episodes += episodes
            hours[hour].bytes += size
    return list(hours.values())


def _hosts() -> list[Host]:
    """Those that failed most often, of all that were tried in a week."""
    since = timezone.now() - timedelta(days=_HOST_DAYS)
    tried = Attempt.objects.order_by().filter(started_at__gt=since).values("provider")
    failed = Count("pk", filter=Q(outcome__in=Attempt.FAILURES))
    rows = sorted(tried.annotate(n=Count("pk"), failed=failed), key=lambda row: (-row["failed"], -row["n"]))
    names = dict(Provider.objects.values_list("name", "display_name"))
    return [
        Host(
            name=names.get(row["provider"], row["provider"]) or "–",
            tried=row["n"],
            failed=row["failed"],
            link=address_of_list("downloads_attempt", provider=row["provider"]),
        )
        for row in rows[:_HOSTS]
    ]
