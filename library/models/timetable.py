"""When something regular is due next and how it went the last time, the same for all processes and machines."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.records import Record, RecordQuerySet, compare_and_set
from library.rhythm import Rhythm

# A slot of a clock time that is missed by more than this, because nothing ran, is not made up for.
PUNCTUAL = timedelta(minutes=10)


class TimetableQuerySet(RecordQuerySet["Timetable"]):
    """Questions about many of them."""

    def due(self, now: datetime) -> TimetableQuerySet:
        """Those whose time has come and that nobody is at."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return self.filter(free, next_run__lte=now)

    def abandoned(self, now: datetime) -> TimetableQuerySet:
        """Those whose worker vanished."""
        return self.filter(outcome=Timetable.Outcome.RUNNING, lease_until__lte=now)


class Timetable(Record):
    """One regular thing. `rule` is what `next_run` was worked out from; empty while it is off.

    Who claims a run moves `next_run` on in the same write: each slot is taken once, however many look, and one that
    was missed is not made up for more than once.
    """

    class Outcome(models.TextChoices):
        NONE = "", _("never ran")
        RUNNING = "running", _("running")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")

    name = models.CharField(max_length=100, primary_key=True)
    rule = models.CharField(max_length=1100, blank=True)
    next_run = models.DateTimeField(null=True, blank=True)
    last_run = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True, default=Outcome.NONE)
    message = models.TextField(blank=True)
    memory = models.JSONField(default=list, blank=True, editable=False, help_text=_("What the next run wants to know."))
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TimetableQuerySet.as_manager()

    class Meta:
        verbose_name = _("timetable")
        verbose_name_plural = _("timetables")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def keep(cls, name: str, rhythm: Rhythm | None, *, first: timedelta | None = None) -> Timetable:
        """The row of that name, following `rhythm` from now on; None switches it off.

        A new one is due after `first`, else when the rhythm says. A change counts from now.
        """
        now, rule = clock.now(), str(rhythm or "")
        due = rhythm.after(now) if rhythm else None
        begin = now + first if rhythm and first is not None else due
        row, _made = cls.objects.get_or_create(name=name, defaults={"rule": rule, "next_run": begin})
        if row.rule != rule and cls.objects.filter(pk=name, rule=row.rule).update(rule=rule, next_run=due):
            row.rule, row.next_run = rule, due
        return row

    def claim(self, rhythm: Rhythm, now: datetime, lease: timedelta) -> bool:
        """Takes the run that is due; False when it is somebody else's, or was missed for good."""
        values: dict[str, Any] = {"next_run": rhythm.after(now)}
        unchanged = Timetable.objects.due(now).filter(pk=self.pk, rule=str(rhythm), next_run=self.next_run)
        if rhythm.cron and self.next_run and now - self.next_run > PUNCTUAL:
            unchanged.update(**values)
            return False
        values |= {"last_run": now, "ended_at": None, "outcome": self.Outcome.RUNNING, "message": ""}
        values |= {"token": secrets.token_hex(16), "lease_until": now + lease}
        return compare_and_set(self, unchanged, values)

    def put_off(self, delay: timedelta) -> None:
        """What is due can't be now: again in `delay`."""
        now = clock.now()
        Timetable.objects.due(now).filter(pk=self.pk).update(next_run=now + delay)

    def end(
        self, outcome: str, message: str = "", *, memory: list[Any] | None = None, again_in: timedelta | None = None
    ) -> bool:
        """The run that the caller claimed is over; False when it was taken over. `again_in`: before its next slot."""
        values: dict[str, Any] = {"ended_at": timezone.now(), "outcome": outcome, "message": message}
        values |= {"token": "", "lease_until": None} | ({} if memory is None else {"memory": memory})
        values |= {"next_run": clock.now() + again_in} if again_in else {}
        mine = Timetable.objects.filter(pk=self.pk, token=self.token).exclude(token="")
        return compare_and_set(self, mine, values)

    @classmethod
    def end_abandoned(cls) -> None:
        """Says of runs whose worker vanished that they failed; the next slot comes as usual."""
        ended: dict[str, Any] = {"outcome": cls.Outcome.FAILED, "token": "", "lease_until": None}
        rows = cls.objects.abandoned(clock.now())
        # Asked every few seconds, and a write takes SQLite's only lock also where it changes nothing.
        if rows.exists():
            rows.update(**ended, message=gettext("Its worker vanished."))
