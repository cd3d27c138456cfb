"""Which machines and which groups of worker processes there are, and when each was last heard of.

All of it is told in the database's time, since one machine judges what another wrote.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.records import Record, RecordQuerySet

# Without a heartbeat for so long a cluster counts as not working.
SILENCE = timedelta(seconds=45)
# Six signs of life of a machine that did not come.
GONE = timedelta(seconds=30)
# An `up` that ended without a word is forgotten after so long.
FORGOTTEN = timedelta(hours=1)
# Who leads says so again within this time; else another `up` takes over.
LEADS_FOR = timedelta(seconds=20)


class ClusterQuerySet(RecordQuerySet["Cluster"]):
    """What is asked about clusters, and the one write that workers make."""

    def working(self) -> Self:
        """Those that proved in the last 45 seconds that they do work."""
        return self.filter(heartbeat_at__gte=clock.now() - SILENCE)

    def beat(self, instance: str, name: str) -> bool:
        """A worker of this cluster has done something right now. False when the cluster is not known (any more)."""
        return bool(self.filter(instance=instance, name=name).update(heartbeat_at=clock.now()))

    def tidy(self, dead: list[str]) -> None:
        """Removes the rows of `up`s that are known to be dead, and of those nobody heard of for an hour."""
        silent = models.Q(updated_at__lt=clock.now() - FORGOTTEN)
        self.filter(silent | models.Q(instance__in=dead)).delete()


class Cluster(Record):
    """One django-q2 cluster of one running `up`. `heartbeat_at` is written when a worker of it has done a task.

    `workers` is how many were asked for (`DOWNLOAD_WORKERS`, `TASK_WORKERS`), without the one kept free for the bell.
    """

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


class MachineQuerySet(RecordQuerySet["Machine"]):
    """Who is there, and the one way to become the one that leads."""

    def living(self) -> Self:
        """Those heard of in the last 30 seconds."""
        return self.filter(seen_at__gte=clock.now() - GONE)

    def vanished(self) -> Self:
        """Those that ended without a word, and that nobody has told of yet."""
        return self.filter(seen_at__lt=clock.now() - GONE, lost_at__isnull=True)

    def besides(self, instance: str) -> Self:
        """All but this one."""
        return self.exclude(instance=instance)

    def tidy(self, dead: list[str]) -> None:
        """Removes the rows of `up`s that are known to be dead, and of those nobody heard of for an hour."""
        silent = models.Q(seen_at__lt=clock.now() - FORGOTTEN)
        self.filter(silent | models.Q(instance__in=dead)).delete()

    def heard_of(self, instance: str) -> bool:
        """It is there. False when its row is gone, and has to be made again."""
        return bool(self.filter(instance=instance).update(seen_at=clock.now(), lost_at=None))

    def lead(self, instance: str) -> bool:
        """Goes on leading, or takes over where nobody leads; False while another one does."""
        now = clock.now()
        values = {"leads": True, "leads_until": now + LEADS_FOR}
        if self.filter(instance=instance, leads=True, leads_until__gt=now).update(**values):
            return True
        if self.filter(leads=True, leads_until__gt=now).exists():
            return False
        try:
            with transaction.atomic():
                self.filter(leads=True, leads_until__lte=now).update(leads=None, leads_until=None)
                return bool(self.filter(instance=instance).update(**values))
        except IntegrityError:
            # Somebody else was faster.
            return False


class Machine(Record):
    """One running `up`, which tells every few seconds that it is there. Usually there is one on each machine.

    One of them leads: it does what must be done once for all. `leads` is true for it and null for the others, so that
    there is only one; when it does not say so again in time, another one takes its place.
    """

    instance = models.CharField(max_length=64, unique=True, help_text=_("Which `up` it is."))
    host = models.CharField(max_length=255)
    web = models.BooleanField(default=False, help_text=_("It serves pages."))
    workers = models.BooleanField(default=False, help_text=_("It downloads."))
    version = models.CharField(max_length=32, blank=True)
    key_print = models.CharField(max_length=32, blank=True, editable=False)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True, blank=True, help_text=_("When it was noticed that it is gone."))
    leads = models.BooleanField(null=True, default=None, unique=True, editable=False)
    leads_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MachineQuerySet.as_manager()

    class Meta:
        verbose_name = _("machine")
        verbose_name_plural = _("machines")
        ordering = ["host", "instance"]

    def __str__(self) -> str:
        return self.host
