"""What one receiver is told: a row that is tried until it arrives or is given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.retried import Retried, RetriedQuerySet

T = TypeVar("T", bound="Told", covariant=True)


class ToldQuerySet(RetriedQuerySet[T]):
    """How many are on their way."""

    def standing(self, since: datetime) -> dict[str, int]:
        """`waiting` for a receiver that is told, and `failed`: given up since then. One query."""
        waiting = Q(state=Retried.State.WAITING, receiver__enabled=True)
        failed = Q(state=Retried.State.FAILED, updated_at__gt=since)
        found: dict[str, int] = self.order_by().aggregate(
            waiting=Count("pk", filter=waiting), failed=Count("pk", filter=failed)
        )
        return found


class Told(Retried):
    """A subclass names its `receiver`, one of `Receiver`, and has an index over `state` and `next_attempt_at`."""

    receiver: Any
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-id"]

    def arrive(self, **values: Any) -> bool:
        """It was told; `values` are written with that. False when another try has begun meanwhile."""
        return self.succeed(sent_at=clock.now(), **values)
