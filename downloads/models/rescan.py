"""A scheduled or asked-for rescan: a scan of the library, and then what is missing of monitored series is queued."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live.publish import publish
from aniworld.records import Record, RecordQuerySet, compare_and_set
from aniworld.refusals import Conflict
from library.models import Scan

# Renewed for each series that is looked at.
LEASE = timedelta(minutes=2)
# Runs that are kept to be looked at.
KEPT = 100


class RescanQuerySet(RecordQuerySet["Rescan"]):
    """Questions about rescans. There is one live one at a time, for all processes."""

    def live(self) -> RescanQuerySet:
        """The one that is not over, if any."""
        return self.filter(live=True)

    def stalled(self, now: datetime) -> RescanQuerySet:
        """The live one that waits for a worker: its scan is over, or nobody queues what is missing."""
        scanned = Q(status=Rescan.Status.SCANNING) & (Q(scan__isnull=True) | Q(scan__live__isnull=True))
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return self.live().filter(scanned | Q(status=Rescan.Status.QUEUEING) & free)

    def begin(self, trigger: str, scan: Scan) -> Rescan:
        """A new one, for a scan that was just asked for; in the caller's transaction. Raises `Conflict`."""
        try:
            with transaction.atomic():
                rescan = self.create(trigger=trigger, scan=scan)
        except IntegrityError:
            raise Conflict(gettext("A rescan is under way already."), "rescan_running") from None
        rescan._publish("scheduled_rescan_started")
        return rescan

    def note_failure(self, trigger: str, error: str) -> Rescan:
        """One that could not begin."""
        with transaction.atomic():
            ended = {"status": Rescan.Status.FAILED, "live": None, "ended_at": timezone.now()}
            rescan = self.create(trigger=trigger, error=error, **ended)
            rescan._publish("scheduled_rescan_failed", error=error)
        return rescan

    def prune(self) -> int:
        """Deletes all but the newest."""
        kept = list(self.order_by("-id").values_list("pk", flat=True)[:KEPT])
        return self.exclude(pk__in=kept).delete()[0]


class Rescan(Record):
    """scanning → queueing → completed, or scanning → completed where nothing is to be queued; either → failed.

    While it is queueing, `token` and `lease_until` say who does it; an expired lease is taken over.
    """

    class Status(models.TextChoices):
        SCANNING = "scanning", _("scanning")
        QUEUEING = "queueing", _("queueing what is missing")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("schedule")
        MANUAL = "manual", _("by hand")

    status = models.CharField(max_length=16, choices=Status, default=Status.SCANNING)
    live = models.BooleanField(null=True, default=True, unique=True, editable=False)
    trigger = models.CharField(max_length=16, choices=Trigger)
    scan = models.ForeignKey(Scan, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    queued = models.PositiveIntegerField(default=0, help_text=_("Episodes that were queued."))
    upgrades = models.PositiveIntegerField(default=0, help_text=_("Of them such that are there in a lesser language."))
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RescanQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled rescan")
        verbose_name_plural = _("scheduled rescans")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.status}"

    def scanned(self, statistics: Mapping[str, Any], *, queue: bool) -> bool:
        """scanning → queueing or completed; False when somebody else said so already."""
        values: dict[str, Any] = {"status": self.Status.QUEUEING} if queue else self._over(self.Status.COMPLETED)
        rows = Rescan.objects.live().filter(pk=self.pk, status=self.Status.SCANNING)
        return self._turn(rows, values, "scheduled_rescan_completed", statistics=dict(statistics))

    def not_scanned(self, error: str) -> bool:
        """scanning → failed."""
        rows = Rescan.objects.live().filter(pk=self.pk, status=self.Status.SCANNING)
        return self._turn(
            rows, {**self._over(self.Status.FAILED), "error": error}, "scheduled_rescan_failed", error=error
        )

    def take(self, now: datetime) -> bool:
        """Leases the queueing to the caller; False when somebody was faster."""
        is_first = not self.token
        values: dict[str, Any] = {"token": secrets.token_hex(16), "lease_until": now + LEASE}
        # Without a look at the scan: over a join, two claimers at once could both find it free on PostgreSQL.
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        rows = Rescan.objects.live().filter(free, pk=self.pk, status=self.Status.QUEUEING, token=self.token)
        # Told once, also when its worker is killed and another one goes on.
        return self._turn(rows, values, "auto_download_started" if is_first else "")

    def hold(self, queued: int, upgrades: int) -> bool:
        """Renews the lease and counts what was queued; False when it was lost."""
        values = {"queued": queued, "upgrades": upgrades, "lease_until": clock.now() + LEASE}
        return self._turn(self._mine(), values, "")

    def complete(self) -> bool:
        """queueing → completed."""
        facts = {"queued_count": self.queued, "upgrade_count": self.upgrades}
        return self._turn(self._mine(), self._over(self.Status.COMPLETED), "auto_download_completed", **facts)

    def fail(self, error: str) -> bool:
        """queueing → failed."""
        values = {**self._over(self.Status.FAILED), "error": error}
        return self._turn(self._mine(), values, "auto_download_failed", error=error, queued_count=self.queued)

    def _mine(self) -> RescanQuerySet:
        return Rescan.objects.live().filter(pk=self.pk, token=self.token).exclude(token="")

    @staticmethod
    def _over(status: str) -> dict[str, Any]:
        return {"status": status, "live": None, "ended_at": timezone.now(), "token": "", "lease_until": None}

    def _turn(self, rows: RescanQuerySet, values: Mapping[str, Any], event: str, **facts: Any) -> bool:
        with transaction.atomic():
            if not compare_and_set(self, rows, values):
                return False
            if event:
                self._publish(event, **facts)
        return True

    def _publish(self, event: str, **facts: Any) -> None:
        publish(event, {"rescan_id": self.pk, "trigger": str(self.trigger), "scan_id": self.scan_id, **facts})
