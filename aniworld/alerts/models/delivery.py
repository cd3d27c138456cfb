"""One message on its way to one target."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.alerts.models.digest import Digest
from aniworld.retried import Retried, RetriedQuerySet

# In one round; more are the next one's.
MOST_AT_ONCE = 20


class DeliveryQuerySet(RetriedQuerySet["Delivery"]):
    """The claim."""

    def claim_due(self) -> list[Delivery]:
        """Takes what is due for this process; whoever else tries at the same time gets others or nothing."""
        now = clock.now()
        return [row for row in self.due(now).select_related("digest")[:MOST_AT_ONCE] if row.claim(now)]


class Delivery(Retried):
    """waiting → sent | failed."""

    PAUSES = (
        timedelta(seconds=30),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
    )

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="deliveries")
    target = models.CharField(max_length=200, help_text=_("The target's label."))

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        ordering = ["digest", "target"]
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["digest", "target"], name="delivery_once_a_target")]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="delivery_due")]

    def __str__(self) -> str:
        return self.target
