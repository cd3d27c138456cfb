"""How far the loading of a series is, who does it, and every change of that."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live import publish as live
from aniworld.live.progress import Operation
from aniworld.records import Record, adopt
from aniworld.refusals import Conflict, Invalid

LEASE = timedelta(seconds=30)
# Retries after a network error: 1, 2 and 4 seconds later, unless the site asks for more.
NETWORK_RETRIES = 3
FIRST_DELAY = timedelta(seconds=1)
DATABASE_RETRIES = 1
# A series whose worker vanished this often without getting a part done is what kills it.
MOST_LOST_WORKERS = 5
# The parts of a loaded series, in the order they are loaded. Each has a flag `<part>_loaded`.
PARTS = ("episodes", "nfo", "logo", "images")


class LoadingLost(Exception):
    """The lease went to somebody else, or the series was removed or reset: stop at once and touch nothing."""


class LoadingState(Record):
    """The loading of a series.

    pending → loading_episodes → loading_nfo → loading_logo → loading_images → completed | failed; a part that nothing
    has to be done for is passed over. An error that may pass leads back to pending with `loading_next_try`,
    `reload` leads there from anywhere. `loading_token` and `loading_lease_until` say who works on it: each write of
    a loader names its token, and an expired lease is taken over.
    """

    class Loading(models.TextChoices):
        PENDING = "pending", _("pending")
        EPISODES = "loading_episodes", _("loading episodes")
        NFO = "loading_nfo", _("writing metadata")
        LOGO = "loading_logo", _("loading logo")
        IMAGES = "loading_images", _("loading images")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")

    UNDER_WAY = (Loading.EPISODES, Loading.NFO, Loading.LOGO, Loading.IMAGES)

    key = models.CharField(max_length=200, unique=True, help_text=_("What the API, the events and the pages call it."))
    deleted_at = models.DateTimeField(null=True, blank=True, help_text=_("Removed, and restorable."))
    loading_status = models.CharField(max_length=20, choices=Loading, default=Loading.PENDING)
    episodes_loaded = models.BooleanField(default=False)
    nfo_loaded = models.BooleanField(default=False)
    logo_loaded = models.BooleanField(default=False)
    images_loaded = models.BooleanField(default=False)
    loading_started_at = models.DateTimeField(null=True, blank=True)
    loading_completed_at = models.DateTimeField(null=True, blank=True)
    loading_message = models.CharField(max_length=500, blank=True, help_text=_("What it is doing now."))
    loading_error = models.TextField(blank=True)
    loading_overwrites = models.BooleanField(
        default=False, editable=False, help_text=_("This loading replaces NFO files and pictures of others.")
    )
    loading_retries = models.PositiveIntegerField(default=0, editable=False)
    loading_lost_workers = models.PositiveIntegerField(default=0, editable=False)
    loading_next_try = models.DateTimeField(null=True, blank=True, editable=False)
    loading_token = models.CharField(max_length=32, blank=True, editable=False)
    loading_lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    _percent: float | None = None
    _written_at: float | None = None

    class Meta:
        abstract = True

    @property
    def loading_progress(self) -> dict[str, bool]:
        """Which parts are there."""
        return {part: bool(getattr(self, f"{part}_loaded")) for part in PARTS}

    @property
    def missing_parts(self) -> tuple[str, ...]:
        """The parts that are not there, in their order."""
        return tuple(part for part, loaded in self.loading_progress.items() if not loaded)

    def still_waits(self, now: datetime) -> bool:
        """Whether a loader should have taken it on by now."""
        if self.loading_status == self.Loading.PENDING:
            return self.loading_next_try is None or self.loading_next_try <= now
        return self.loading_lease_until is not None and self.loading_lease_until <= now

    def quiet_for(self) -> float:
        """Seconds since the loader that holds this very object took it on, held it or told of it last."""
        return 0.0 if self._written_at is None else time.monotonic() - self._written_at

    # What a loader does. Each names the token, and raises `LoadingLost` when it is no longer the right one.

    def take_loading(self, now: datetime) -> bool:
        """Leases this pending or abandoned series under a new token; False when somebody was faster."""
        abandoned = self.loading_status in self.UNDER_WAY
        unchanged = self._rows().filter(
            pk=self.pk, deleted_at__isnull=True, loading_status=self.loading_status, loading_token=self.loading_token
        )
        if self.loading_lost_workers + abandoned > MOST_LOST_WORKERS:
            self._give_up(unchanged, gettext("Its worker vanished again and again while it was loaded."))
            return False
        return self._change(
            unchanged,
            loading_status=self.Loading.EPISODES,
            loading_token=secrets.token_hex(16),
            loading_lease_until=now + LEASE,
            loading_lost_workers=self.loading_lost_workers + abandoned,
            loading_started_at=self.loading_started_at or now,
            loading_completed_at=None,
            loading_next_try=None,
            loading_message="",
        )

    def hold_loading(self, **values: Any) -> None:
        """Renews the lease and writes `values` with it, without an event."""
        if not self._mine().update(loading_lease_until=clock.now() + LEASE, **values):
            raise LoadingLost(str(self))
        self._adopt(values)

    def tell_loading(self, message: str, *, percent: float | None = None, **values: Any) -> None:
        """Says what it is doing, and how much of it is done; writes `values` with it."""
        lease = clock.now() + LEASE
        self._percent = percent
        self._change_mine(loading_message=message[:500], loading_lease_until=lease, **values)

    def begin_part(self, part: str, message: str) -> None:
        """→ loading_<part>."""
        self.tell_loading(message, loading_status=self.Loading(f"loading_{part}"))

    def finish_part(self, part: str, message: str, **values: Any) -> None:
        """Sets the part's flag."""
        self.tell_loading(message, loading_retries=0, loading_lost_workers=0, **{f"{part}_loaded": True}, **values)

    def complete_loading(self, message: str) -> None:
        """loading_… → completed."""
        self._end(self.Loading.COMPLETED, message, "", loading_overwrites=False)

    def fail_loading(self, error: str) -> None:
        """loading_… → failed, with what a person should know."""
        self._end(self.Loading.FAILED, error, error)

    def retry_loading(self, error: str, *, retries: int, least_delay: float = 0) -> bool:
        """loading_… → pending for another try, each `FIRST_DELAY` doubled later; after `retries` of them → failed.

        `least_delay` is in seconds. Answers whether it will be tried again.
        """
        if self.loading_retries >= retries:
            self.fail_loading(error)
            return False
        delay = max(FIRST_DELAY * 2**self.loading_retries, timedelta(seconds=min(least_delay, 86400)))
        self._change_mine(
            loading_status=self.Loading.PENDING,
            loading_retries=self.loading_retries + 1,
            loading_next_try=timezone.now() + delay,
            loading_error=error,
            loading_message=error[:500],
            **self._released(),
        )
        return True

    # What anybody may do.

    def reload(self, parts: Collection[str] = (), *, overwrite: bool = False) -> None:
        """→ pending, to load `parts` anew; without any, what is missing or failed. A loader at work loses its lease.

        `overwrite` lets this one loading replace NFO files and pictures that somebody else made.
        Raises `Invalid` for an unknown part, `Conflict` for a removed series.
        """
        unknown = set(parts) - set(PARTS)
        if unknown:
            raise Invalid(gettext("“%s” is no part of a series.") % ", ".join(sorted(unknown)), "unknown_part")
        changed = self._change(
            self._rows().filter(pk=self.pk, deleted_at__isnull=True),
            **{f"{part}_loaded": False for part in parts},
            loading_status=self.Loading.PENDING,
            loading_overwrites=overwrite,
            loading_started_at=None,
            loading_completed_at=None,
            loading_error="",
            loading_message="",
            loading_retries=0,
            loading_lost_workers=0,
            loading_next_try=None,
            **self._released(),
        )
        if not changed:
            raise Conflict(gettext("“%s” was removed; restore it first.") % self, "removed")

    @staticmethod
    def _released() -> dict[str, Any]:
        return {"loading_token": "", "loading_lease_until": None}

    def _end(self, status: str, message: str, error: str, **values: Any) -> None:
        self._change_mine(
            **values,
            loading_status=status,
            loading_completed_at=timezone.now(),
            loading_error=error,
            loading_message=message[:500],
            **self._released(),
        )

    def _give_up(self, rows: models.QuerySet[Self], error: str) -> None:
        failed = {"loading_status": self.Loading.FAILED, "loading_completed_at": timezone.now()}
        self._change(rows, loading_error=error, loading_message=error, **failed, **self._released())

    def _rows(self) -> models.QuerySet[Self]:
        return type(self)._default_manager.all()

    def _mine(self) -> models.QuerySet[Self]:
        return self._rows().filter(pk=self.pk, loading_token=self.loading_token).exclude(loading_token="")

    def _change_mine(self, **values: Any) -> None:
        if not self._change(self._mine(), **values):
            raise LoadingLost(str(self))

    def _change(self, rows: models.QuerySet[Self], **values: Any) -> bool:
        """The conditional update of `rows`, with its event in the same transaction."""
        with transaction.atomic():
            if not rows.update(**values):
                return False
            self._adopt(values)
            live.publish("series_loading_update", self.loading_event())
            self._show_progress(started=bool(values.get("loading_token")))
        return True

    def cancel_progress(self) -> None:
        """Ends the operation of a loading that nobody wants any more."""
        operation = Operation.attach(f"series_loading_{self.key}")
        if operation is not None:
            operation.finish("cancelled", gettext("Removed from the library"))

    def _show_progress(self, *, started: bool) -> None:
        """Keeps the operation `series_loading_<key>` in step; a pause before another try leaves it under way."""
        progress_id, message = f"series_loading_{self.key}", self.loading_message
        if started:
            Operation.start(progress_id, "system", str(self), message=message, metadata={"key": self.key})
            return
        operation = Operation.attach(progress_id)
        if operation is None:
            return
        if self.loading_status in (self.Loading.COMPLETED, self.Loading.FAILED):
            operation.finish(self.loading_status, message)
        else:
            operation.write(message=message, percent=self._percent)

    def _adopt(self, values: dict[str, Any]) -> None:
        # A sign of life as well, for `quiet_for`.
        self._written_at = time.monotonic()
        adopt(self, values)

    def loading_event(self) -> dict[str, Any]:
        """What listeners are told."""
        return {
            "key": self.key,
            "loading_status": str(self.loading_status),
            "message": self.loading_message,
            "progress": self.loading_progress,
            "error": self.loading_error or None,
        }
