"""The event log, and the last state of every operation that reports progress."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld import statements
from aniworld.records import compare_and_set


class Event(models.Model):
    """Something that happened, with a growing id. Written in the transaction of the change it tells of."""

    id = models.BigAutoField(primary_key=True)
    type = models.CharField(max_length=64)
    room = models.CharField(max_length=32)
    timestamp = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("live event")
        verbose_name_plural = _("live events")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["room", "id"], name="event_room"),
            models.Index(fields=["timestamp"], name="event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class LogReader(models.Model):
    """How far somebody has read the event log who must miss nothing, whatever is restarted in between."""

    name = models.CharField(primary_key=True, max_length=64)
    position = models.BigIntegerField(help_text=_("The last event that was dealt with."))
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("reader of the event log")
        verbose_name_plural = _("readers of the event log")

    def __str__(self) -> str:
        return f"{self.name} {self.position}"


class ProgressQuerySet(models.QuerySet["Progress"]):
    """Operations by what they are doing now."""

    def active(self) -> Self:
        """Those that run, the latest change first."""
        return self.filter(status__in=Progress.ACTIVE)

    def ended(self) -> Self:
        """Those that are over, the latest first."""
        return self.exclude(status__in=Progress.ACTIVE)


class Progress(models.Model):
    """The last state of one operation: started → in_progress → completed | failed | cancelled.

    A new start under the same id begins anew, and what still reports for the former run changes nothing any more:
    `started_at` tells the runs apart. `percent` is 0 to 100; `current` and `total` count what `metadata` names.
    """

    class Type(models.TextChoices):
        DOWNLOAD = "download", _("download")
        SCAN = "scan", _("scan")
        QUEUE = "queue", _("queue")
        SYSTEM = "system", _("system")
        ERROR = "error", _("error")

    class Status(models.TextChoices):
        STARTED = "started", _("started")
        IN_PROGRESS = "in_progress", _("in progress")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    ACTIVE = (Status.STARTED, Status.IN_PROGRESS)

    id = models.CharField(primary_key=True, max_length=400)
    type = models.CharField(max_length=16, choices=Type)
    status = models.CharField(max_length=16, choices=Status)
    title = models.CharField(max_length=500)
    message = models.TextField(blank=True)
    percent = models.FloatField(default=0)
    current = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ProgressQuerySet.as_manager()

    class Meta:
        verbose_name = _("operation")
        ordering = ["-updated_at", "-id"]
        verbose_name_plural = _("operations")
        indexes = [models.Index(fields=["type", "status", "-updated_at"], name="progress_list")]

    def __str__(self) -> str:
        return self.title

    def begin(self, status: str = Status.STARTED) -> None:
        """Takes the place of whatever ran under this id before. One statement, so that two starts can't collide."""
        self.status = status
        self.started_at = self.updated_at = timezone.now()
        statements.put(self)

    def advance(self, **values: Any) -> bool:
        """Writes `values` of a run that goes on; False when it has ended or was started anew, and nothing changes."""
        return self._move(self.Status.IN_PROGRESS, values)

    def end(self, status: str, **values: Any) -> bool:
        """Completed, failed or cancelled; False when it has ended already or was started anew."""
        return self._move(self.Status(status), values)

    def _move(self, status: Progress.Status, values: dict[str, Any]) -> bool:
        values = {**values, "status": status, "updated_at": timezone.now()}
        run = Progress.objects.active().filter(pk=self.pk, started_at=self.started_at)
        return compare_and_set(self, run, values)
