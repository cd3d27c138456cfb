"""How often something happens: every so many minutes, or at the times of a cron expression. No clock, no row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from croniter import croniter
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every `minutes`, or with `cron` (five fields, the server's local time) at its times instead."""

    minutes: int
    cron: str = ""

    def after(self, moment: datetime) -> datetime:
        """The first time after `moment`."""
        if not self.cron:
            return moment + timedelta(minutes=self.minutes)
        local = timezone.localtime(moment, timezone.get_default_timezone())
        found: datetime = croniter(self.cron, local).get_next(datetime)
        return found

    def __str__(self) -> str:
        return f"cron {self.cron}" if self.cron else f"every {self.minutes} minutes"
