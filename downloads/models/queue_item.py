"""The items of the queue, and every change of their state."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock, statements
from aniworld.api_types import LARGEST_INTEGER, LARGEST_ROW_ID
from aniworld.records import Record, adopt, compare_and_set
from downloads import events
from downloads.models.claims import QueueItemQuerySet
from downloads.models.item_states import ItemStatus, PauseReason
from downloads.models.priority import Priority
from downloads.models.queue_indexes import INDEXES
from downloads.models.queue_state import QueueState
from downloads.models.turnstile import turn
from downloads.models.upgrade_state import UpgradeState
from downloads.models.work_place import WorkPlace
from library.models import Episode, Series

LEASE = timedelta(seconds=30)


class QueueItem(UpgradeState, WorkPlace, Record):
    """One episode that shall be downloaded; the single source of truth of its download.

    pending → downloading → completed | failed | cancelled; downloading → pending (stop, shutdown, another round) or
    paused; pending ⇄ paused; failed → pending (retry). `owner`, `token` and `lease_until` say who works on it: every
    write of a worker names its token, and one that changes no row means the lease is lost and the work ends at once.
    """

    Status = ItemStatus
    PauseReason = PauseReason
    LIVE = (Status.PENDING, Status.DOWNLOADING, Status.PAUSED)

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="queue_items")
    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="queue_items")
    season = models.PositiveIntegerField()
    language = models.CharField(max_length=32, help_text=_("Wanted now."))
    language_fixed = models.BooleanField(default=False, help_text=_("Asked for by name: no other language will do."))
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    position = models.BigIntegerField(default=0)
    progress_percent = models.FloatField(default=0)
    downloaded_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(null=True, blank=True)
    expected_bytes = models.BigIntegerField(null=True, blank=True, editable=False, help_text=_("A guess of the size."))
    download_speed = models.BigIntegerField(default=0, help_text=_("Bytes per second."))
    eta_seconds = models.PositiveIntegerField(null=True, blank=True)
    retry_count = models.PositiveIntegerField(default=0, help_text=_("Rounds over all sources, since it was queued."))
    rounds = models.PositiveIntegerField(default=0, editable=False, help_text=_("Those since it was last retried."))
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    note = models.TextField(blank=True, help_text=_("What a person should know of how it arrived."))
    pause_reason = models.CharField(max_length=24, choices=PauseReason, blank=True)
    # What has to be free below each folder before it goes on.
    awaited_work_bytes = models.BigIntegerField(default=0, editable=False)
    awaited_library_bytes = models.BigIntegerField(default=0, editable=False)
    download_url = models.TextField(blank=True, help_text=_("Of the stream in use; never shown to members."))
    file_destination = models.CharField(max_length=1000, blank=True, help_text=_("Below the library folder."))
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="queue_items"
    )
    owner = models.CharField(max_length=128, blank=True, editable=False)
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lost_workers = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("How often its worker vanished without having got any further.")
    )
    cleared_at = models.DateTimeField(null=True, blank=True, editable=False)
    progress_id = models.CharField(
        max_length=400, blank=True, editable=False, help_text=_("Of its operation, whatever becomes of the folder.")
    )

    objects = QueueItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("queue item")
        verbose_name_plural = _("queue items")
        ordering = ["-priority", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "language"],
                condition=models.Q(status__in=["pending", "downloading", "paused"]),
                name="queue_one_live_item",
            ),
            models.CheckConstraint(
                condition=models.Q(status="downloading", token__gt="")
                | ~models.Q(status="downloading") & models.Q(token=""),
                name="queue_token_while_downloading",
            ),
            models.CheckConstraint(
                condition=models.Q(status="paused", pause_reason__gt="")
                | ~models.Q(status="paused") & models.Q(pause_reason=""),
                name="queue_reason_while_paused",
            ),
        ]
        indexes = INDEXES

    def __str__(self) -> str:
        return f"{self.series} {self.episode.code}"

    # What a worker does. Each names the token and answers whether the item was still its own.

    def take(self, owner: str, now: datetime) -> bool:
        """Leases this pending or abandoned item to `owner` under a new token.

        False when it was not any more what this object said: the transaction, also the caller's, is undone, and this
        object is of no more use.
        """
        abandoned = self.status == self.Status.DOWNLOADING
        values: dict[str, Any] = {
            "status": self.Status.DOWNLOADING,
            "owner": owner,
            "token": secrets.token_hex(16),
            "lease_until": now + LEASE,
            "lost_workers": self.lost_workers + int(abandoned),
            "started_at": self.started_at or now,
            "next_attempt_at": None,
            "download_speed": 0,
            "eta_seconds": None,
            # No place at a host is held yet.
            "provider": "",
            "progress_id": events.new_progress_id(self),
        }
        with transaction.atomic(savepoint=False):
            return self._taken(values, now, abandoned=abandoned)

    def _taken(self, values: dict[str, Any], now: datetime, *, abandoned: bool) -> bool:
        with statements.together():
            stamped = {**values, "updated_at": now}
            changed = statements.change(QueueItem, stamped, id=self.pk, status=self.status, token=self.token)
            if abandoned:
                self._close_attempt(
                    now, "parked", gettext("The worker vanished."), gettext("Another worker takes it over.")
                )
            adopt(self, values)
            events.started(self)
        if not changed.rows:
            transaction.set_rollback(True)
        return bool(changed.rows)

    def give_up(self, now: datetime) -> bool:
        """downloading, abandoned once more → failed: what took so many workers with it is not given to another one."""
        message = gettext(
            "Its worker vanished %d times in a row without a byte gained: it is the item that ends them. "
            "The log of the workers has more; retrying begins anew."
        ) % (self.lost_workers + 1)
        values = {"error_message": message, "completed_at": now, "download_url": "", **self._one_round_more()}
        return self._leave(self.Status.FAILED, events.failed, outcome="failed", **values)

    def is_leased(self) -> bool:
        """Whether the token is still good, without writing anything."""
        return self._mine().exists()

    def renew(self) -> bool:
        """Extends the lease."""
        return bool(self._mine().update(lease_until=clock.now() + LEASE))

    def report(self, *, downloaded: int, total: int | None, speed: int, percent: float) -> bool:
        """Writes how far it is, renews the lease and tells of it. Bytes, and bytes per second."""
        # A host may name any number as its total, and the columns hold only so much.
        total = min(total, LARGEST_ROW_ID) if total else total
        eta = (total - downloaded) // speed if total and speed > 0 and total > downloaded else None
        values = {
            "downloaded_bytes": downloaded,
            "total_bytes": total,
            "download_speed": speed,
            "eta_seconds": eta if eta is None or eta <= LARGEST_INTEGER else None,
            "progress_percent": round(percent, 1),
            "lease_until": clock.now() + LEASE,
        }
        if downloaded > self.downloaded_bytes:
            values["lost_workers"] = 0
        with transaction.atomic():
            changed = compare_and_set(self, self._mine(), values)
            if changed:
                events.progressed(self)
        return changed

    def occupy(self, host: str, limit: int) -> bool:
        """Takes a place at a host that serves at most `limit` items at once, and leaves the one it had elsewhere.

        The queue's row is locked meanwhile, so that two workers can't both see the last free place. The place is held
        until the item is given back or moves on to another host.
        """
        with turn(), transaction.atomic():
            QueueState.objects.locked()
            others = QueueItem.objects.leased(clock.now()).filter(provider=host).exclude(pk=self.pk)
            return others.count() < limit and compare_and_set(self, self._mine(), {"provider": host})

    def say(self, message: str) -> bool:
        """Tells people what it waits for while a worker is at it; written only when that is new."""
        if message == self.error_message:
            return True
        with transaction.atomic():
            changed = compare_and_set(self, self._mine(), {"error_message": message})
            if changed:
                events.progressed(self)
        return changed

    def use(self, provider: str, url: str) -> bool:
        """Notes which host serves it now, and from where."""
        return compare_and_set(self, self._mine(), {"provider": provider, "download_url": url})

    def expect(self, size: int | None) -> bool:
        """Notes how many bytes it will probably have in all, for the plan of the disk."""
        # Whatever the row says: the plan reckons with it at once.
        self.expected_bytes = size
        return bool(self._mine().update(expected_bytes=size))

    def complete(self, destination: str, size: int, note: str = "", language: str = "") -> bool:
        """downloading → completed; `note` says what was unusual about it, `language` what it has without an attempt."""
        values = {
            "progress_percent": 100.0,
            "downloaded_bytes": size,
            "total_bytes": size,
            "file_destination": destination,
            "completed_at": clock.now(),
            "error_message": "",
            "note": note,
            "language": language or self.language,
            "download_url": "",
        }
        return self._leave(self.Status.COMPLETED, events.completed, outcome="completed", **values)

    def fail(self, message: str) -> bool:
        """downloading → failed."""
        values: dict[str, Any] = {"error_message": message, "completed_at": clock.now(), "download_url": ""}
        return self._leave(self.Status.FAILED, events.failed, **values, **self._one_round_more())

    def postpone(self, message: str, delay: float) -> bool:
        """downloading → pending, to be tried again in `delay` seconds as another round."""
        due = clock.now() + timedelta(seconds=delay)
        values: dict[str, Any] = {"error_message": message, "next_attempt_at": due}
        return self._leave(self.Status.PENDING, events.waiting, **values, **self._one_round_more())

    def wait(self, message: str, delay: float) -> bool:
        """downloading → pending, to be looked at again in `delay` seconds; no round, since nothing was tried."""
        return self.park(message=message, delay=delay)

    def park(
        self,
        reason: str = "",
        message: str = "",
        delay: float | None = None,
        *,
        work_bytes: int = 0,
        library_bytes: int = 0,
    ) -> bool:
        """downloading → paused for `reason`, or back to pending without one; its bytes are kept.

        `delay` in seconds is when a paused item looks again by itself; `work_bytes` and `library_bytes` are what has to
        be free below each folder for it to go on.
        """
        due = clock.now() + timedelta(seconds=delay) if delay else None
        status = self.Status.PAUSED if reason else self.Status.PENDING
        values: dict[str, Any] = {"pause_reason": reason, "error_message": message, "next_attempt_at": due}
        values |= {"awaited_work_bytes": work_bytes, "awaited_library_bytes": library_bytes}
        return self._leave(status, events.paused if reason else events.waiting, **values)

    def _leave(self, status: str, tell: events.Teller, outcome: str = "parked", **values: Any) -> bool:
        with transaction.atomic():
            changed = self._mine().update(**{**self._unleased(), "status": status, **values})
            if changed:
                self._reload()
                self._close_attempt(clock.now(), outcome, self.error_message, "")
                if status == self.Status.FAILED:
                    Episode.objects.filter(pk=self.episode_id).leave_alone(Episode.LeftAlone.FAILED)
                tell(self)
        return bool(changed)

    def hold(self) -> bool:
        """Whether it is still ours, and stays so until the transaction at hand ends."""
        return self._mine().select_for_update().first() is not None

    def _mine(self) -> QueueItemQuerySet:
        return QueueItem.objects.filter(pk=self.pk, token=self.token, status=self.Status.DOWNLOADING)

    @staticmethod
    def _one_round_more() -> dict[str, Any]:
        return {"retry_count": F("retry_count") + 1, "rounds": F("rounds") + 1}

    @staticmethod
    def _unleased() -> dict[str, Any]:
        return {"owner": "", "token": "", "lease_until": None, "download_speed": 0, "eta_seconds": None}

    # What users do. Each answers whether it changed anything; a worker at the item learns of it by its lost lease.

    def cancel(self) -> bool:
        """Any live state → cancelled."""
        values: dict[str, Any] = {"pause_reason": "", "download_url": "", "next_attempt_at": None}
        return self._turn(self.LIVE, self.Status.CANCELLED, events.cancelled, **values)

    def pause(self) -> bool:
        """Any live state → paused by a user, who outweighs whatever else it is parked for."""
        values: dict[str, Any] = {"pause_reason": self.PauseReason.USER, "next_attempt_at": None}
        rows = QueueItem.objects.exclude(pause_reason=self.PauseReason.USER)
        return self._turn(self.LIVE, self.Status.PAUSED, events.paused, rows=rows, **values)

    def resume(self, reason: str = "") -> bool:
        """paused → pending, where `reason` is given only while it is still the one: a user may have paused it since."""
        values: dict[str, Any] = {"pause_reason": "", "next_attempt_at": None, "error_message": ""}
        rows = QueueItem.objects.filter(pause_reason=reason) if reason else None
        return self._turn((self.Status.PAUSED,), self.Status.PENDING, events.waiting, rows=rows, **values)

    def retry(self) -> bool:
        """failed → pending, with all its rounds before it."""
        return self._revive(self.Status.FAILED, self.Status.PENDING, "")

    def bring_back(self, *, by_user: bool) -> bool:
        """cancelled → pending again, or paused where a user had paused it."""
        if by_user:
            return self._revive(self.Status.CANCELLED, self.Status.PAUSED, self.PauseReason.USER)
        return self._revive(self.Status.CANCELLED, self.Status.PENDING, "")

    def _revive(self, before: str, after: str, reason: str) -> bool:
        fresh: dict[str, Any] = {"rounds": 0, "lost_workers": 0, "cleared_at": None, "completed_at": None}
        # What was tried before counts no longer: it begins anew with the next claim.
        fresh["started_at"] = None
        values: dict[str, Any] = {"next_attempt_at": None, "error_message": "", "pause_reason": reason}
        with transaction.atomic():
            revived = self._turn((before,), after, events.paused if reason else events.waiting, **fresh, **values)
            if revived:
                Episode.objects.filter(pk=self.episode_id).taken_up()
        return revived

    def stop(self) -> bool:
        """downloading → pending, for a stopped queue."""
        return self._turn((self.Status.DOWNLOADING,), self.Status.PENDING, events.waiting)

    def give_back(self) -> bool:
        """downloading → pending, in the name of a holder that is dead: not when somebody else has it by now."""
        rows = QueueItem.objects.filter(token=self.token)
        return self._turn((self.Status.DOWNLOADING,), self.Status.PENDING, events.waiting, rows=rows)

    def prioritise(self, priority: int) -> bool:
        """Changes the priority of a live item."""
        changed = QueueItem.objects.filter(pk=self.pk).prioritise(priority)
        self.refresh_from_db()
        return bool(changed)

    def clear(self, now: datetime) -> bool:
        """Takes an item that is over out of the lists."""
        over = QueueItem.objects.filter(pk=self.pk, cleared_at__isnull=True).exclude(status__in=self.LIVE)
        return bool(over.update(cleared_at=now))

    def unclear(self) -> bool:
        """Back into the lists."""
        return bool(QueueItem.objects.filter(pk=self.pk, cleared_at__isnull=False).update(cleared_at=None))

    def _turn(
        self,
        before: tuple[str, ...],
        after: str,
        tell: events.Teller,
        rows: QueueItemQuerySet | None = None,
        **values: Any,
    ) -> bool:
        with transaction.atomic():
            among = QueueItem.objects.all() if rows is None else rows
            mine = among.filter(pk=self.pk, status__in=before)
            changed = mine.update(**{**self._unleased(), "status": after, **values})
            if changed:
                outcome = "cancelled" if after == self.Status.CANCELLED else "parked"
                self._reload()
                self._close_attempt(clock.now(), outcome, "", "")
                tell(self)
        return bool(changed)

    def _reload(self) -> None:
        """The row as it is now; series and episode stay, since they are not what changed."""
        self.refresh_from_db(fields=[field.name for field in self._meta.concrete_fields if not field.is_relation])

    def _close_attempt(self, now: datetime, outcome: str, error: str, next_step: str) -> None:
        values = {"ended_at": now, "outcome": outcome, "error": error, "next_step": next_step}
        self.attempts.filter(ended_at__isnull=True).update(**values, bytes=self.downloaded_bytes)
