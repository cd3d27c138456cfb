"""Which groups of worker processes there are, and when each last proved that it does work."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet

# Without a heartbeat for so long a cluster counts as not working.
SILENCE = timedelta(seconds=45)
# An `up` that ended without a word is forgotten after so long.
FORGOTTEN = timedelta(hours=1)


class ClusterQuerySet(RecordQuerySet["Cluster"]):
    """What is asked about clusters, and the one write that workers make."""

    def working(self) -> Self:
        """Those that proved in the last 45 seconds that they do work."""
        return self.filter(heartbeat_at__gte=timezone.now() - SILENCE)

    def beat(self, instance: str, name: str) -> bool:
        """A worker of this cluster does work right now. False when the cluster is not known (any more)."""
        return bool(self.filter(instance=instance, name=name).update(heartbeat_at=timezone.now()))

    def tidy(self, dead: list[str]) -> None:
        """Removes the rows of `up`s that are known to be dead, and of those nobody heard of for an hour."""
        silent = models.Q(updated_at__lt=timezone.now() - FORGOTTEN)
        self.filter(silent | models.Q(instance__in=dead)).delete()


class Cluster(Record):
    """One django-q2 cluster of one running `up`. `heartbeat_at` is written when a worker of it takes up a task."""

    instance = models.CharField(max_length=64, help_text=_("Which `up` it belongs to."))
    name = models.CharField(max_length=32)
    host = models.CharField(max_length=255)
    process_group = models.IntegerField()
    workers = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    restarts = models.PositiveIntegerField(default=0, help_text=_("How often it was wedged and started again."))

    objects = ClusterQuerySet.as_manager()

    class Meta:
        verbose_name = _("group of workers")
        verbose_name_plural = _("groups of workers")
        ordering = ["host", "name"]
        constraints = [models.UniqueConstraint(fields=["instance", "name"], name="cluster_once_an_instance")]

    def __str__(self) -> str:
        return f"{self.name} @ {self.host}"
