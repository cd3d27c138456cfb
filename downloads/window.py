"""Hours of the day by the server's clock: when downloads may run, and when another bandwidth limit is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from django.utils import timezone

from aniworld.configuration import store


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` up to, not including, `end`; over midnight when that is earlier, the whole day when it is equal."""

    start: time
    end: time

    @classmethod
    def read(cls, start: str | None, end: str | None) -> Self | None:
        """From texts such as 22:00; None when one of them is missing."""
        return cls(time.fromisoformat(start), time.fromisoformat(end)) if start and end else None

    def contain(self, moment: time) -> bool:
        """Whether that time of day is within."""
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def begin_after(self, now: datetime) -> datetime:
        """`now` within the hours, else when they begin next; in the time zone of `now`."""
        if self.contain(now.time()):
            return now
        today = now.replace(hour=self.start.hour, minute=self.start.minute, second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"


def hours() -> Hours | None:
    """When downloads may run; None: always."""
    rules = store.current().downloads
    return Hours.read(rules.window_start, rules.window_end)


def _now() -> datetime:
    """By the server's clock, whatever zone the page that asks is shown in."""
    return timezone.localtime(timezone=timezone.get_default_timezone())


def opens_at() -> datetime | None:
    """When downloads may run again; None while they may."""
    window = hours()
    now = _now()
    if window is None or window.contain(now.time()):
        return None
    return window.begin_after(now)


def bandwidth_limit() -> float | None:
    """The limit of all downloads together that is in force at this hour, in megabits per second; None: no limit."""
    rules = store.current().downloads
    timed = Hours.read(rules.timed_limit_start, rules.timed_limit_end)
    if rules.timed_limit_mbps and timed and timed.contain(_now().time()):
        return rules.timed_limit_mbps
    return rules.bandwidth_limit_mbps
