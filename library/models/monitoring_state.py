"""When a series is looked up at its catalogue again, who does it, and every change of that."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.records import adopt

# Longer than all tries of one request take: every page that was read renews it.
LEASE = timedelta(minutes=5)
# The field is the loading state's, which every series has as well.
_NOT_REMOVED = Q(deleted_at__isnull=True)


class MonitoringLost(Exception):
    """The check went to somebody else, or the series was removed: stop at once and touch nothing."""


class MonitoringState(models.Model):
    """The checks of a series. A full one reads every season when `next_check_at` has come; when the catalogue names
    something new, only the seasons in `news_seasons` are read, from `news_at` on.

    `check_token` and `check_lease_until` say who is at it: each write of a checker names its token, and an expired
    lease is taken over.
    """

    checked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When its catalogue was last asked what there is of it.")
    )
    next_check_at = models.DateTimeField(null=True, blank=True, help_text=_("When all of it is looked up again."))
    news_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Its catalogue named something new of it.")
    )
    news_seasons = models.JSONField(default=list, blank=True, editable=False)
    check_error = models.TextField(blank=True, help_text=_("Why the last check brought nothing."))
    check_failures = models.PositiveIntegerField(default=0, editable=False, help_text=_("In a row."))
    check_token = models.CharField(max_length=32, blank=True, editable=False)
    check_lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def take_check(self, now: datetime) -> bool:
        """Leases its check to the caller under a new token; False when somebody was faster."""
        unchanged = self._all_rows().filter(_NOT_REMOVED, pk=self.pk, check_token=self.check_token)
        values: dict[str, Any] = {"check_token": secrets.token_hex(16), "check_lease_until": now + LEASE}
        return self._set(unchanged, values)

    def is_due_in_full(self, now: datetime) -> bool:
        """Whether its next check reads every season."""
        return self.next_check_at is not None and self.next_check_at <= now

    def hold_check(self, **values: Any) -> None:
        """Renews the lease and writes `values` with it. Raises `MonitoringLost`."""
        if not self._set(self._checked_by_me(), {"check_lease_until": clock.now() + LEASE, **values}):
            raise MonitoringLost(str(self))

    def finish_check(self, next_check_at: datetime | None) -> None:
        """The catalogue has answered. What it named as new meanwhile is still looked up. Raises `MonitoringLost`."""
        values: dict[str, Any] = {
            "checked_at": timezone.now(),
            "next_check_at": next_check_at,
            "check_error": "",
            "check_failures": 0,
        }
        self._end_check(values, news_at=None, news_seasons=[])

    def postpone_check(self, error: str, delay: timedelta) -> None:
        """The catalogue has not answered: the same again in `delay`. Raises `MonitoringLost`."""
        now = timezone.now()
        values: dict[str, Any] = {"check_error": error, "check_failures": self.check_failures + 1}
        if self.is_due_in_full(now):
            values["next_check_at"] = now + delay
        self._end_check(values, news_at=now + delay if self.news_at else None)

    def _end_check(self, values: dict[str, Any], **news: Any) -> None:
        rows = self._checked_by_me()
        values |= {"check_token": "", "check_lease_until": None}
        # The news are those that were known when it began, or they stay for the next one.
        same = Q(news_at=self.news_at) if self.news_at else Q(news_at__isnull=True)
        if not (self._set(rows.filter(same), {**values, **news}) or self._set(rows, values)):
            raise MonitoringLost(str(self))

    def _checked_by_me(self) -> models.QuerySet[Self]:
        rows = self._all_rows().filter(_NOT_REMOVED, pk=self.pk, check_token=self.check_token)
        return rows.exclude(check_token="")

    def _all_rows(self) -> models.QuerySet[Self]:
        return type(self)._default_manager.all()

    def _set(self, rows: models.QuerySet[Self], values: dict[str, Any]) -> bool:
        # A look at the catalogue is no change of the series, by which lists are sorted.
        is_look = set(values) <= _OWN
        kept = {"updated_at": F("updated_at")} if is_look else {}
        # What is kept is an expression, and none of the object's business.
        if not rows.update(**kept, **values):
            return False
        adopt(self, values)
        return True


_OWN = frozenset(
    ("checked_at", "next_check_at", "news_at", "news_seasons", "check_error", "check_failures", "check_token",
     "check_lease_until", "total_episodes")
)  # fmt: skip


def joined_seasons(before: Collection[int], more: Collection[int]) -> list[int]:
    """Seasons to read, each once and in order."""
    return sorted({*before, *more})
