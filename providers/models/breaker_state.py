"""The circuit breaker of a provider as columns that all processes share."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.records import Record
from providers import breaker
from providers.breaker import Circumstances, Meaning


class BreakerState(Record):
    """The breaker's columns and how an outcome changes them; the subclass locks the row, saves and publishes.

    closed → open: a failure whose level has a rest, or a 429
    open → half_open: one request wins the probe, when `open_until` is over or, as the last resort, earlier
    half_open → closed: any success, or the probe was answered · → open: the probe failed
    open → closed: a success of a request that had begun before
    """

    class Breaker(models.TextChoices):
        CLOSED = "closed", _("closed")
        OPEN = "open", _("open")
        HALF_OPEN = "half_open", _("half open")

    breaker = models.CharField(max_length=16, choices=Breaker, default=Breaker.CLOSED)
    breaker_level = models.PositiveSmallIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    # Open: when one request may be let through as the last resort; `open_until` after a 429, so never earlier.
    # Half open: when the one who probes is given up.
    next_probe_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        """Whether the breaker keeps requests away now: open and not yet due, or half open while somebody probes."""
        if self.breaker == self.Breaker.OPEN:
            return self.open_until is None or self.open_until > clock.now()
        return self.breaker == self.Breaker.HALF_OPEN and not _is_over(self.next_probe_at)

    @property
    def is_pause(self) -> bool:
        """Whether it is open because the provider asked for it: until then not even a last resort is let through."""
        return self.breaker == self.Breaker.OPEN and self.next_probe_at == self.open_until

    def seconds_to_probe(self, *, last_resort: bool = False) -> float:
        """Until a request may be let through again, as the last resort or else; 0 when that is now."""
        by_probe = last_resort or self.breaker == self.Breaker.HALF_OPEN
        due = self.next_probe_at if by_probe else self.open_until
        return 0.0 if _is_over(due) or due is None else (due - clock.now()).total_seconds()

    @classmethod
    def probable(cls, now: datetime, *, last_resort: bool) -> models.Q:
        """Which rows a probe may be won of."""
        due = "next_probe_at" if last_resort else "open_until"
        is_due = models.Q(**{f"{due}__lte": now}) | models.Q(open_until__lte=now)
        return models.Q(breaker=cls.Breaker.OPEN) & is_due | models.Q(
            breaker=cls.Breaker.HALF_OPEN, next_probe_at__lte=now
        )

    def _turn_breaker(self, meaning: Meaning, given: Circumstances, retry_after: float | None = None) -> bool:
        """Takes in what an outcome means; answers whether it was a failure that counts."""
        if meaning == Meaning.DELIVERED:
            self._succeed(given)
        elif meaning == Meaning.RATE_LIMITED:
            self._pause(breaker.rate_pause(retry_after))
        elif meaning in (Meaning.FAILED, Meaning.BLOCKED):
            return self._fail(given)
        elif given.is_probe and self.breaker == self.Breaker.HALF_OPEN:
            self._close() if meaning == Meaning.ANSWERED else self._give_back()
        return False

    def _succeed(self, given: Circumstances) -> None:
        if not given.is_partial:
            self.breaker_level = breaker.lowered(self.breaker_level)
        # What began before a 429 ends well: that does not take the pause away that the provider asked for.
        if not (self.is_open and self.is_pause):
            self._close()

    def _fail(self, given: Circumstances) -> bool:
        """Only what was let through counts: of ten requests under way when a provider fails, nine say nothing new."""
        if self.breaker == self.Breaker.CLOSED:
            if not given.excuse:
                self._escalate()
        elif not (given.is_probe and self.breaker == self.Breaker.HALF_OPEN):
            return False
        elif not _is_over(self.open_until):
            self._give_back(breaker.LAST_RESORT_AFTER)
        elif given.excuse:
            self._open(breaker.excused_rest(self.breaker_level))
        else:
            self._escalate()
        return True

    def _escalate(self) -> None:
        self.breaker_level = breaker.raised(self.breaker_level)
        self._open(breaker.rest(self.breaker_level))

    def _open(self, seconds: float) -> None:
        if seconds <= 0:
            self._close()
            return
        now = clock.now()
        self.breaker = self.Breaker.OPEN
        self.open_until = now + timedelta(seconds=seconds)
        self.next_probe_at = now + timedelta(seconds=min(seconds, breaker.LAST_RESORT_AFTER))

    def _pause(self, seconds: float) -> None:
        """Open for as long as the provider asked; a longer rest that is under way stays."""
        until = clock.now() + timedelta(seconds=seconds)
        longer = self.open_until if self.breaker != self.Breaker.CLOSED and self.open_until else until
        self.breaker = self.Breaker.OPEN
        self.next_probe_at = self.open_until = max(until, longer)

    def _give_back(self, seconds: float = 0) -> None:
        """A probe that was won too early or not made: open as before, and after so many seconds the next one may."""
        self.breaker = self.Breaker.OPEN
        self.next_probe_at = clock.now() + timedelta(seconds=seconds)

    def _close(self) -> None:
        self.breaker = self.Breaker.CLOSED
        self.open_until = self.next_probe_at = None


def _is_over(moment: datetime | None) -> bool:
    return moment is None or moment <= clock.now()
