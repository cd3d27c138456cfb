"""What every system that is told something has: whether it is told, and how that goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live import following
from aniworld.records import Record, RecordQuerySet

# How long one that can't be reached is left alone, after each failure in a row.
RESTS = (
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
)

R = TypeVar("R", bound="Receiver", covariant=True)


class ReceiverQuerySet(RecordQuerySet[R]):
    """Who is to be told."""

    def enabled(self) -> Self:
        """Those that are switched on."""
        return self.filter(enabled=True)

    def failing(self) -> Self:
        """Those that are switched on, and whom telling fails at."""
        return self.enabled().filter(failing_since__isnull=False)


class Receiver(Record):
    """Somebody who is told. `failures` counts those since the last success, `failing_since` is the first of them."""

    # Under which name the event log is read for all of this kind.
    READER: ClassVar[str]

    name = models.CharField(_("name"), max_length=100, unique=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    rests_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Like Django's; the first one that is switched on is told of what happens from then on, and whatever failed
        before it was switched on is forgiven."""
        with transaction.atomic():
            on = set(type(self)._default_manager.filter(enabled=True).values_list("pk", flat=True))
            if self.enabled and not on:
                following.begin(self.READER)
            super().save(*args, **kwargs)
            if self.enabled and self.pk not in on:
                self._write(failures=0, failing_since=None, rests_until=None)

    def switch(self, *, on: bool) -> bool:
        """Has it told or not told from now on. False when it is so already."""
        if self.enabled == on:
            return False
        self.enabled = on
        self.save(update_fields=["enabled", "updated_at"])
        return True

    def note_success(self) -> bool:
        """It was told. Whether it had failed before."""
        had_failed = type(self)._default_manager.filter(pk=self.pk, failing_since__isnull=False).exists()
        ended: dict[str, Any] = {"failures": 0, "failing_since": None, "rests_until": None, "last_error": ""}
        self._write(last_success_at=clock.now(), **ended)
        return had_failed

    def note_failure(self, reason: str, *, is_away: bool) -> None:
        """It was not told; with `is_away` it is left alone for a while."""
        now = clock.now()
        rest = now + RESTS[min(self.failures, len(RESTS) - 1)] if is_away else None
        self._write(
            last_failure_at=now,
            last_error=reason[:300],
            failures=F("failures") + 1,
            failing_since=Coalesce("failing_since", now),
            rests_until=rest,
        )

    def _write(self, **values: Any) -> None:
        # Only these columns: a form may be saving the others.
        type(self)._default_manager.filter(pk=self.pk).update(**values)
        self.refresh_from_db(fields=list(values))
