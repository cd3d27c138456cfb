"""A run through the library folder: who asked for it, who is at it, and every change of that."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live.progress import Operation
from aniworld.records import Record, RecordQuerySet, compare_and_set
from aniworld.refusals import Conflict

PROGRESS_ID = "library_scan"
LEASE = timedelta(seconds=30)
# A scan whose worker vanished this often is what kills it.
MOST_LOST_WORKERS = 3


class ScanLost(Exception):
    """The lease went to somebody else: stop at once and touch nothing."""


class ScanCancelled(Exception):
    """Somebody wants it to end."""


class ScanQuerySet(RecordQuerySet["Scan"]):
    """Questions about scans, and the ways to begin one. There is one live scan at a time, for all processes."""

    def live(self) -> ScanQuerySet:
        """The one that waits or runs, if any."""
        return self.filter(live=True)

    def claimable(self, now: datetime) -> ScanQuerySet:
        """The one that waits for a worker, or whose worker let its lease run out."""
        abandoned = Q(status=Scan.Status.RUNNING, lease_until__lte=now)
        return self.live().filter(Q(status=Scan.Status.REQUESTED) | abandoned)

    def request(self, folders: Sequence[str] = (), *, key: str = "") -> Scan:
        """Asks for a scan of these folders directly below the library, or of everything. Raises `Conflict`.

        `key` is that of the series that it is for, if it is for one.
        """
        with transaction.atomic():
            scan = self._created(folders, key)
            Operation.start(PROGRESS_ID, "scan", scan.title, message=gettext("Waits for a worker"))
        return scan

    def begin(self, folders: Sequence[str] = (), *, key: str = "") -> Scan:
        """Like `request`, held by the caller at once. Raises `Conflict`."""
        with transaction.atomic():
            scan = self._created(folders, key)
            scan.take(clock.now())
        return scan

    def claim(self) -> Scan | None:
        """Leases the scan that waits or was abandoned to the caller, or answers None."""
        now = clock.now()
        scan = self.claimable(now).first()
        return scan if scan is not None and scan.take(now) else None

    def _created(self, folders: Sequence[str], key: str) -> Scan:
        try:
            with transaction.atomic():
                return self.create(folders=list(folders), key=key)
        except IntegrityError:
            raise Conflict(gettext("The library is being scanned already."), "scan_running") from None


class Scan(Record):
    """A scan: requested → running → completed | failed | cancelled.

    `token` and `lease_until` say who is at it: each write of a scanner names its token, and an expired lease is taken
    over, from the beginning. `live` is true while it waits or runs and null after, so that there is only one.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        RUNNING = "running", _("running")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    live = models.BooleanField(null=True, default=True, unique=True, editable=False)
    key = models.CharField(max_length=200, blank=True, help_text=_("Of the series that it is for; empty for all."))
    folders = models.JSONField(default=list, blank=True, help_text=_("What it looks at; empty for everything."))
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    statistics = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    cancel_requested = models.BooleanField(default=False)
    lost_workers = models.PositiveIntegerField(default=0, editable=False)
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ScanQuerySet.as_manager()
    operation: Operation | None = None
    # Whoever shows it in the foreground hears of each step.
    listener: Callable[[int, int, str], object] | None = None

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What people see of it."""
        if self.key or len(self.folders) == 1:
            return gettext("Scan of “%s”") % (self.key or self.folders[0])
        return gettext("Scan of %d folders") % len(self.folders) if self.folders else gettext("Scan of the library")

    # What a scanner does. Each names the token.

    def take(self, now: datetime) -> bool:
        """→ running, under a new token; False when somebody was faster, or when it killed too many workers."""
        lost = self.lost_workers + (self.status == self.Status.RUNNING)
        unchanged = Scan.objects.live().filter(pk=self.pk, status=self.status, token=self.token)
        if lost > MOST_LOST_WORKERS:
            self._end(unchanged, self.Status.FAILED, gettext("Its worker vanished again and again."))
            return False
        values: dict[str, Any] = {
            "status": self.Status.RUNNING,
            "token": secrets.token_hex(16),
            "lease_until": now + LEASE,
            "started_at": self.started_at or now,
            "lost_workers": lost,
        }
        with transaction.atomic():
            if not compare_and_set(self, unchanged, values):
                return False
            self.operation = Operation.start(PROGRESS_ID, "scan", self.title, event="scan_started", data=self._facts())
        return True

    def hold(self) -> None:
        """Renews the lease; within a transaction it also proves that the caller may write. Raises `ScanLost` and
        `ScanCancelled`."""
        lease = clock.now() + LEASE
        if self._mine().filter(cancel_requested=False).update(lease_until=lease):
            self.lease_until = lease
        elif self._mine().exists():
            raise ScanCancelled
        else:
            raise ScanLost

    def tell(self, current: int, total: int, folder: str) -> None:
        """Says how far it is, when it is time to."""
        if self.listener:
            self.listener(current, total, folder)
        if self.operation:
            data = {**self._facts(), "folder": folder}
            self.operation.report(current=current, total=total, message=folder, event="scan_progress", data=data)

    def complete(self, statistics: Mapping[str, Any]) -> bool:
        """running → completed. False when it was lost."""
        return self._end(self._mine(), self.Status.COMPLETED, statistics=dict(statistics))

    def fail(self, error: str) -> bool:
        """running → failed, with a sentence for a person. False when it was lost."""
        return self._end(self._mine(), self.Status.FAILED, error)

    def stop(self, statistics: Mapping[str, Any]) -> bool:
        """running → cancelled. False when it was lost."""
        return self._end(self._mine(), self.Status.CANCELLED, statistics=dict(statistics))

    # What anybody does.

    def cancel(self) -> bool:
        """Ends it: at once where nobody is at it, else within moments by its scanner. False when it was over."""
        live = Scan.objects.live().filter(pk=self.pk)
        idle = Q(status=self.Status.REQUESTED) | Q(lease_until__lte=clock.now())
        if self._end(live.filter(idle), self.Status.CANCELLED):
            return True
        return live.update(cancel_requested=True) > 0

    def _mine(self) -> ScanQuerySet:
        return Scan.objects.live().filter(pk=self.pk, status=self.Status.RUNNING, token=self.token)

    def _end(
        self, rows: ScanQuerySet, status: str, error: str = "", *, statistics: Mapping[str, Any] | None = None
    ) -> bool:
        values: dict[str, Any] = {
            "status": status,
            "live": None,
            "ended_at": timezone.now(),
            "error": error,
            "token": "",
            "lease_until": None,
        }
        if statistics is not None:
            values["statistics"] = dict(statistics)
        events = {"completed": "scan_complete", "failed": "scan_failed", "cancelled": "scan_cancelled"}
        with transaction.atomic():
            if not compare_and_set(self, rows, values):
                return False
            operation = self.operation or Operation.attach(PROGRESS_ID)
            if operation:
                data = {**self._facts(), "statistics": self.statistics, "error": error or None}
                operation.finish(status, error, event=events[status], data=data)
        return True

    def _facts(self) -> dict[str, Any]:
        return {"scan_id": self.pk, "key": self.key or None}
