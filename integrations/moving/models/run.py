"""One import: what it brings in, who is at it, and every change of that."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live.progress import Operation
from aniworld.records import Record, RecordQuerySet, compare_and_set
from aniworld.refusals import Conflict

LEASE = timedelta(seconds=45)
# An import whose worker vanished this often is what kills it.
MOST_LOST_WORKERS = 5
# Imports that are over and kept to be looked at.
KEPT = 30


class RunLost(Exception):
    """The lease went to somebody else: stop at once and touch nothing."""


class RunCancelled(Exception):
    """Somebody wants it to end."""


class RunQuerySet(RecordQuerySet["ImportRun"]):
    """Questions about imports, and the claim."""

    def claimable(self, now: datetime) -> RunQuerySet:
        """Those that wait for a worker, or whose worker let its lease run out."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return self.filter(free, status__in=ImportRun.UNDER_WAY)

    def claim(self) -> ImportRun | None:
        """Leases the next one to the caller, or answers None."""
        now = clock.now()
        for run in self.claimable(now).order_by("id")[:20]:
            if run.take(now):
                return run
        return None

    def prune(self) -> int:
        """Deletes all but the newest of those that nothing is to be done for."""
        over = self.filter(status__in=(ImportRun.Status.COMPLETED, ImportRun.Status.FAILED, ImportRun.Status.CANCELLED))
        kept = list(over.order_by("-id").values_list("pk", flat=True)[:KEPT])
        return over.exclude(pk__in=kept).delete()[1].get(self.model._meta.label, 0)


class ImportRun(Record):
    """looking → ready → applying → completed, and back to looking or applying for a line that is tried again.

    Looking and applying are work: they can fail or be cancelled, `token` and `lease_until` say who is at it, and an
    expired lease is taken over where its lines stand. `gathered` is false until its lines were written, all at once.
    """

    class Kind(models.TextChoices):
        LINKS = "links", _("links")
        SONARR = "sonarr", _("Sonarr")
        FOLDER = "folder", _("folder")

    class Status(models.TextChoices):
        LOOKING = "looking", _("being looked up")
        READY = "ready", _("ready")
        APPLYING = "applying", _("being applied")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNDER_WAY = (Status.LOOKING, Status.APPLYING)

    kind = models.CharField(max_length=16, choices=Kind)
    status = models.CharField(max_length=16, choices=Status, default=Status.LOOKING)
    place = models.CharField(
        max_length=1000, blank=True, help_text=_("Where it comes from: a file, an address, a folder.")
    )
    options = models.JSONField(default=dict, blank=True)
    api_key = models.CharField(max_length=200, blank=True, editable=False)
    requested_by = models.CharField(max_length=150, blank=True)
    gathered = models.BooleanField(default=False, editable=False)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False, editable=False)
    lost_workers = models.PositiveIntegerField(default=0, editable=False)
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RunQuerySet.as_manager()
    operation: Operation | None = None

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "lease_until"], name="import_due")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What people see of it."""
        return gettext("Import of %(kind)s: %(place)s") % {"kind": self.get_kind_display(), "place": self.place or "–"}

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is, or shall be, at it."""
        return self.status in self.UNDER_WAY

    # What a worker does. Each names the token.

    def take(self, now: datetime) -> bool:
        """Leases it to the caller under a new token; False when somebody was faster, or it killed too many workers."""
        lost = self.lost_workers + (self.lease_until is not None)
        unchanged = ImportRun.objects.filter(pk=self.pk, status=self.status, token=self.token)
        if lost > MOST_LOST_WORKERS:
            self._end(unchanged, self.Status.FAILED, gettext("Its worker vanished again and again."))
            return False
        values = {"token": secrets.token_hex(16), "lease_until": now + LEASE, "lost_workers": lost}
        with transaction.atomic():
            if not compare_and_set(self, unchanged.filter(Q(lease_until=None) | Q(lease_until__lte=now)), values):
                return False
            self.operation = Operation.start(
                self.progress_id, "system", self.title, event="import_progress", data=self.facts()
            )
        return True

    @property
    def progress_id(self) -> str:
        """Of its row in `/api/progress`."""
        return f"import_{self.pk}"

    def hold(self) -> None:
        """Renews the lease; in a transaction that is the right to write. Raises `RunLost`, `RunCancelled`."""
        lease = clock.now() + LEASE
        if self._mine().filter(cancel_requested=False).update(lease_until=lease):
            return
        raise RunCancelled if self._mine().exists() else RunLost

    def keep_alive(self) -> bool:
        """Renews the lease alone, also of one that is to be cancelled. False when it was lost."""
        return bool(self._mine().update(lease_until=clock.now() + LEASE))

    def note_gathered(self) -> None:
        """Its lines are written, in the caller's transaction; the key is not needed any more. Raises as `hold`."""
        self.hold()
        compare_and_set(self, self._mine(), {"gathered": True, "api_key": ""})

    def tell(self, current: int, total: int, message: str) -> None:
        """Says how far it is, when it is time to."""
        if self.operation:
            told = {"current": current, "total": total, "message": message}
            self.operation.report(**told, event="import_progress", data=self.facts())  # type: ignore[arg-type]

    def finish_step(self) -> bool:
        """looking → ready, applying → completed. False when it was lost."""
        after = self.Status.READY if self.status == self.Status.LOOKING else self.Status.COMPLETED
        return self._end(self._mine(), after)

    def fail(self, error: str) -> bool:
        """→ failed, with a sentence for a person. False when it was lost."""
        return self._end(self._mine(), self.Status.FAILED, error)

    def stop(self) -> bool:
        """→ cancelled; what its lines have done stays. False when it was lost."""
        return self._end(self._mine(), self.Status.CANCELLED)

    # What anybody does.

    def begin(self, status: str) -> None:
        """→ looking or applying, for lines that wait for it. Raises `Conflict` while it is under way, or unfit."""
        idle = ImportRun.objects.filter(pk=self.pk, gathered=True).exclude(status__in=self.UNDER_WAY)
        values = {"status": status, "error": "", "ended_at": None, "cancel_requested": False, "lost_workers": 0}
        if not compare_and_set(self, idle, values):
            raise Conflict(gettext("The import is under way, or it never got its lines."), "import_running")

    def cancel(self) -> bool:
        """Ends the work: at once where nobody is at it, else within moments by its worker. False when none was."""
        rows = ImportRun.objects.filter(pk=self.pk, status__in=self.UNDER_WAY)
        idle = Q(lease_until__isnull=True) | Q(lease_until__lte=clock.now())
        if self._end(rows.filter(idle), self.Status.CANCELLED):
            return True
        return rows.update(cancel_requested=True) > 0

    def facts(self) -> dict[str, Any]:
        """What listeners are told of it."""
        return {"import_id": self.pk, "kind": self.kind, "import_status": str(self.status)}

    def _mine(self) -> RunQuerySet:
        return ImportRun.objects.filter(pk=self.pk, status=self.status, token=self.token).exclude(token="")

    def _end(self, rows: RunQuerySet, status: str, error: str = "") -> bool:
        values: dict[str, Any] = {
            "status": status,
            "error": error,
            "token": "",
            "lease_until": None,
            "api_key": "",
            "ended_at": None if status == self.Status.READY else clock.now(),
        }
        with transaction.atomic():
            if not compare_and_set(self, rows, values):
                return False
            self._tell_end(error)
        return True

    def _tell_end(self, error: str) -> None:
        operation = self.operation or Operation.attach(self.progress_id)
        if operation:
            ended = {"failed": "failed", "cancelled": "cancelled"}.get(str(self.status), "completed")
            event = "import_failed" if ended == "failed" else "import_complete"
            operation.finish(ended, error, event=event, data={**self.facts(), "error": error or None})
