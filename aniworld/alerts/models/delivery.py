"""One message on its way to one target."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.alerts.models.digest import Digest
from aniworld.records import Record, RecordQuerySet

# How long to wait after each try that failed; after the last one it is given up.
PAUSES = (
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)
MOST_TRIES = len(PAUSES) + 1
# Longer than a round may take, so that nobody takes over what is still being sent.
LEASE = timedelta(seconds=90)
# In one round; more are the next one's.
MOST_AT_ONCE = 20


class DeliveryQuerySet(RecordQuerySet["Delivery"]):
    """The claim."""

    def due(self, now: datetime) -> models.QuerySet[Delivery]:
        """Those that may be tried now, the oldest first."""
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, state=Delivery.State.WAITING, next_attempt_at__lte=now).order_by("id")

    def claim_due(self) -> list[Delivery]:
        """Takes what is due for this process; whoever else tries at the same time gets others or nothing."""
        now = clock.now()
        return [row for row in self.due(now).select_related("digest")[:MOST_AT_ONCE] if row.claim(now)]


class Delivery(Record):
    """waiting → sent | failed. `attempts` numbers the tries: what an earlier one says changes nothing any more."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="deliveries")
    target = models.CharField(max_length=200, help_text=_("The target's label."))
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        ordering = ["digest", "target"]
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["digest", "target"], name="delivery_once_a_target")]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="delivery_due")]

    def __str__(self) -> str:
        return self.target

    def claim(self, now: datetime) -> bool:
        """Begins the next try, for exactly one process. A process that died in the last try leaves it failed."""
        if self.attempts >= MOST_TRIES:
            self._move(state=self.State.FAILED, reason=gettext("The program ended while it was being sent."))
            return False
        claimed = self._move(attempts=F("attempts") + 1, lease_until=now + LEASE)
        if claimed:
            self.attempts += 1
        return claimed

    def succeed(self) -> bool:
        """It arrived. False when another try has begun meanwhile."""
        return self._move(state=self.State.SENT, reason="", lease_until=None)

    def fail(self, reason: str, *, for_good: bool = False) -> bool:
        """Another try later, or none any more. `reason` must not hold the address. False as for `succeed`."""
        if for_good or self.attempts >= MOST_TRIES:
            return self._move(state=self.State.FAILED, reason=reason[:300], lease_until=None)
        later = timezone.now() + PAUSES[self.attempts - 1]
        return self._move(reason=reason[:300], lease_until=None, next_attempt_at=later)

    def _move(self, **values: object) -> bool:
        mine = Delivery.objects.filter(pk=self.pk, state=self.State.WAITING, attempts=self.attempts)
        return bool(mine.update(**values))
