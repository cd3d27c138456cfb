"""What is tried until it succeeds or is given up: a row that one process at a time claims, after growing pauses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.records import Record, RecordQuerySet, adopt

LONGEST_REASON = 300

R = TypeVar("R", bound="Retried", covariant=True)


class RetriedQuerySet(RecordQuerySet[R]):
    """Which of them are due."""

    def due(self, now: datetime) -> Self:
        """Those that may be tried now, the oldest first."""
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, state=Retried.State.WAITING, next_attempt_at__lte=now).order_by("id")


class Retried(Record):
    """waiting → sent | failed. `attempts` numbers the tries: what an earlier one says changes nothing any more."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    # How long to wait after each try that failed; after the last one it is given up.
    PAUSES: ClassVar[tuple[timedelta, ...]]
    # Longer than a round may take, so that nobody takes over what is still being sent.
    LEASE: ClassVar[timedelta] = timedelta(seconds=90)

    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def most_tries(cls) -> int:
        """The first one and one after each pause."""
        return len(cls.PAUSES) + 1

    def claim(self, now: datetime) -> bool:
        """Begins the next try, for exactly one process. A process that died in the last try leaves it failed."""
        if self.attempts >= self.most_tries():
            self._move(state=self.State.FAILED, reason=gettext("The program ended while it was being sent."))
            return False
        claimed = self._move(attempts=F("attempts") + 1, lease_until=now + self.LEASE)
        if claimed:
            self.attempts += 1
        return claimed

    def succeed(self, **values: Any) -> bool:
        """It arrived; `values` are written with that. False when another try has begun meanwhile."""
        return self._move(**{"state": self.State.SENT, "reason": "", "lease_until": None, **values})

    def fail(self, reason: str, *, for_good: bool = False, **values: Any) -> bool:
        """Another try later, or none any more. `reason` must not hold a secret. False as for `succeed`."""
        values |= {"reason": reason[:LONGEST_REASON], "lease_until": None}
        pause = None if for_good else self.pause()
        if pause is None:
            return self._move(**values, state=self.State.FAILED)
        return self._move(**values, next_attempt_at=clock.now() + pause)

    def give_back(self) -> bool:
        """It was claimed and not tried: as if it had not been. False as for `succeed`."""
        values = {"attempts": F("attempts") - 1, "lease_until": None}
        mine = type(self)._default_manager.filter(pk=self.pk, state=self.State.WAITING, attempts=self.attempts)
        return bool(mine.update(**values))

    def pause(self) -> timedelta | None:
        """How long to wait after the try that just failed; None when it was the last."""
        return self.PAUSES[self.attempts - 1] if self.attempts < self.most_tries() else None

    def _move(self, **values: Any) -> bool:
        mine = type(self)._default_manager.filter(pk=self.pk, state=self.State.WAITING, attempts=self.attempts)
        if not mine.update(**values):
            return False
        adopt(self, {name: value for name, value in values.items() if name != "attempts"})
        return True
