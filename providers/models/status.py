"""What is known of a provider's state: the outcome of checks, and the breaker that decides whether it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.configuration import store
from aniworld.live.publish import publish
from aniworld.records import RecordQuerySet
from aniworld.refusals import Invalid
from providers import alarms, breaker
from providers.breaker import USUAL, Circumstances, Meaning
from providers.exceptions import NotConfigured, ProviderError, RateLimited, Resting
from providers.models.breaker_state import BreakerState
from providers.models.provider import Provider

# Minutes between two checks that can be chosen.
INTERVALS = (30, 60, 120, 1440, 10080, 43200)
# Seconds after which a check that was begun and never ended is somebody's who was killed, over its time limit.
_ABANDONED = 60.0


class ProviderStatus(BreakerState):
    """What the lights show: the outcome of checks, and the breaker that decides whether it is tried.

    unknown → active, down, blocked, and between these by every outcome that tells; any → testing → the outcome.
    Each change of status or breaker writes its event in the same transaction.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        DOWN = "down", _("down")
        UNKNOWN = "unknown", _("unknown")
        TESTING = "testing", _("testing")
        BLOCKED = "blocked", _("blocked")

    provider = models.OneToOneField(Provider, on_delete=models.CASCADE, related_name="status_record")
    status = models.CharField(max_length=16, choices=Status, default=Status.UNKNOWN)
    # During a check what it was before, else the same as the status.
    settled_status = models.CharField(max_length=16, choices=Status, default=Status.UNKNOWN, editable=False)
    testing_since = models.DateTimeField(null=True, blank=True, editable=False)
    down_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_check = models.DateTimeField(null=True, blank=True)
    response_time = models.FloatField(null=True, blank=True, help_text=_("Milliseconds of the last check."))
    error_message = models.TextField(blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    total_checks = models.PositiveIntegerField(default=0)
    successful_checks = models.PositiveIntegerField(default=0)
    is_enabled = models.BooleanField(default=True, help_text=_("Checked at intervals."))
    check_interval = models.PositiveIntegerField(
        default=60, choices=[(minutes, minutes) for minutes in INTERVALS], help_text=_("Minutes.")
    )
    max_consecutive_failures = models.PositiveIntegerField(default=3)
    seen_at = models.CharField(
        max_length=300, blank=True, editable=False, help_text=_("Where a host without an address was last found.")
    )

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("state of a provider")
        verbose_name_plural = _("states of the providers")

    _COUNTERS: ClassVar[tuple[str, ...]] = ("consecutive_failures", "total_checks", "successful_checks")

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.status}"

    @property
    def known_status(self) -> str:
        """The status, or during a check the one before it."""
        return self.settled_status if self.status == self.Status.TESTING else self.status

    @property
    def is_being_checked(self) -> bool:
        """Whether a check runs now; one that was never ended is none."""
        return self.testing_since is not None and self.testing_since > _abandoned_before()

    @property
    def uptime_of_checks(self) -> float | None:
        """Percent of all checks that succeeded; None before the first."""
        return 100.0 * self.successful_checks / self.total_checks if self.total_checks else None

    def as_record(self) -> dict[str, Any]:
        """The status record of the API and the events. Needs `provider`."""
        names = ("status", "last_check", "response_time", *self._COUNTERS)
        names += ("is_enabled", "check_interval", "max_consecutive_failures", "breaker", "breaker_level", "open_until")
        return {
            "provider_id": self.provider.name,
            "provider_name": self.provider.display_name,
            "provider_url": self.provider.address or None,
            "uptime_percentage": self.uptime_of_checks,
            **{name: getattr(self, name) for name in names},
            "error_message": self.error_message or None,
        }

    def begin_testing(self, most: int | None = None) -> bool:
        """A check begins. False when one runs already, or `most` of other providers do, over all processes."""
        with transaction.atomic():
            # All in one order: two workers that count at the same time must not both find room for one more.
            rows = {row.pk: row for row in ProviderStatus.objects.select_for_update().order_by("pk")}
            running = [pk for pk, row in rows.items() if row.is_being_checked]
            row = rows.get(self.pk)
            if row is None or row.pk in running or (most is not None and len(running) >= most):
                return False
            row.settled_status, row.status, row.testing_since = row.known_status, self.Status.TESTING, clock.now()
            row.save(update_fields=["settled_status", "status", "testing_since", "updated_at"])
            publish("provider_status", row.as_record())
        Provider.forget()
        return True

    def end_testing(self, *, before: datetime | None = None) -> None:
        """The check is over, though what it found is not judged yet: the status is the one before it again.

        `before`: only when it was begun by then, so that a newer one goes on.
        """
        with self._changing() as row:
            if before is None or (row.testing_since and row.testing_since <= before):
                row._settle(row.known_status)

    @classmethod
    def end_abandoned(cls) -> None:
        """Takes back the checks whose process was killed."""
        before = _abandoned_before()
        for record in cls.objects.filter(testing_since__lte=before):
            record.end_testing(before=before)

    def try_probe(self, *, last_resort: bool = False) -> bool:
        """Takes the right to send the one request that shows whether a resting provider is back.

        Of all processes exactly one gets it; it must tell the outcome as `is_probe`, or it is given up after a while.
        `last_resort`: also before the rest is over, now and then; a failure then does not make the rest longer.
        """
        now = clock.now()
        patience = timedelta(seconds=2 * self.provider.rules().timeout_seconds + breaker.LAST_RESORT_AFTER)
        due = ProviderStatus.probable(now, last_resort=last_resort)
        values = {"breaker": self.Breaker.HALF_OPEN, "next_probe_at": now + patience}
        with transaction.atomic():
            if not ProviderStatus.objects.filter(due, pk=self.pk).update(**values):
                return False
            publish("provider_status", ProviderStatus._with_provider(self.pk).as_record())
        Provider.forget()
        return True

    def record_check(self, error: ProviderError | None, milliseconds: float, given: Circumstances = USUAL) -> None:
        """Takes in the outcome of a check.

        active on success · blocked on a challenge or login · down from `max_consecutive_failures` failures in a row on,
        before that the last known status stays · a rate limit proves it alive and opens the breaker · nothing is
        learned without an address, when our own limits kept it from being asked, or with our own network down. Without
        an address it is no check.
        """
        with self._changing() as row:
            if not isinstance(error, NotConfigured):
                row.last_check = clock.now()
            if not isinstance(error, NotConfigured) or row.known_status == self.Status.UNKNOWN:
                row.error_message = str(error) if error else ""
            row._turn_breaker(breaker.meaning(error), given, _retry_after(error))
            if given.network_down or isinstance(error, NotConfigured | Resting):
                row._settle(row.known_status)
            else:
                row.total_checks += 1
                row.successful_checks += error is None
                row.response_time = milliseconds
                row._settle(row._after(error, counts=True))
        self.refresh_from_db()

    def note_request(self, error: ProviderError | None, given: Circumstances = USUAL) -> None:
        """What an ordinary request tells: failures open the breaker and bring it down, a success lifts that.

        Written only where it changes something: most requests change nothing.
        """
        meaning = breaker.meaning(error)
        if not given.is_probe and self._says_nothing_new(meaning, given):
            return
        with self._changing() as row:
            counts = row._turn_breaker(meaning, given, _retry_after(error)) and not given.network_down
            if meaning in (Meaning.ANSWERED, Meaning.NOTHING):
                return
            row.error_message = str(error) if error else ""
            status = row.known_status
            if error is not None or not given.is_partial or status != self.Status.DOWN:
                status = row._after(error, counts=counts)
            row._show(status)

    def reset(self) -> None:
        """As if nothing was known: breaker closed, counters and error cleared, to be checked at the next occasion."""
        with self._changing() as row:
            row._close()
            row.breaker_level = 0
            for name in self._COUNTERS:
                setattr(row, name, 0)
            row.error_message, row.last_check, row.response_time, row.down_since = "", None, None, None
            row._show(self.Status.UNKNOWN)
        self.refresh_from_db()

    def set_checking(
        self,
        is_enabled: bool | None = None,
        check_interval: int | None = None,
        max_consecutive_failures: int | None = None,
    ) -> None:
        """How it is checked from now on; None leaves as it is. Raises `Invalid`."""
        if check_interval is not None and check_interval not in INTERVALS:
            allowed = ", ".join(map(str, INTERVALS))
            raise Invalid(gettext("Minutes between two checks can be: %s.") % allowed, "check_interval")
        if max_consecutive_failures is not None and not 1 <= max_consecutive_failures <= 1000:
            raise Invalid(gettext("Allowed are 1 to 1000 failures in a row."), "max_consecutive_failures")
        wanted = {
            "is_enabled": is_enabled,
            "check_interval": check_interval,
            "max_consecutive_failures": max_consecutive_failures,
        }
        values = {name: value for name, value in wanted.items() if value is not None}
        if values:
            ProviderStatus.objects.filter(pk=self.pk).update(**values)
            self.refresh_from_db()
            Provider.forget()

    def remember_place(self, origin: str) -> None:
        """Where a host was found whose address nobody has to configure, for its checks."""
        ProviderStatus.objects.filter(pk=self.pk).update(seen_at=origin[:300])
        Provider.forget()

    # How it is done

    def _says_nothing_new(self, meaning: Meaning, given: Circumstances) -> bool:
        """By this row as it was read, at most a second ago."""
        is_closed = self.breaker == self.Breaker.CLOSED
        if meaning == Meaning.DELIVERED:
            if given.is_partial:
                return is_closed and self.known_status in (self.Status.ACTIVE, self.Status.DOWN)
            is_fine = self.known_status == self.Status.ACTIVE and not self.consecutive_failures
            return is_closed and is_fine and not self.breaker_level
        if meaning == Meaning.BLOCKED:
            return not is_closed and self.known_status == self.Status.BLOCKED
        return meaning in (Meaning.ANSWERED, Meaning.NOTHING) or (meaning == Meaning.FAILED and not is_closed)

    def _after(self, error: ProviderError | None, *, counts: bool) -> str:
        """The status after an outcome that tells something; counts the failure when it `counts`."""
        meaning = breaker.meaning(error)
        if meaning == Meaning.DELIVERED:
            self.consecutive_failures = 0
            return self.Status.ACTIVE
        if meaning == Meaning.RATE_LIMITED:
            return self.known_status
        self.consecutive_failures += counts
        if meaning == Meaning.BLOCKED:
            return self.Status.BLOCKED
        is_down = counts and self.consecutive_failures >= self.max_consecutive_failures
        return self.Status.DOWN if is_down else self.known_status

    def _settle(self, status: str) -> None:
        """The check is over."""
        self.testing_since = None
        self.status = self.settled_status = status

    def _show(self, status: str) -> None:
        """The new status, which waits for the end of the check that runs."""
        self.settled_status = status
        if self.status != self.Status.TESTING:
            self.status = status

    @contextmanager
    def _changing(self) -> Iterator[Self]:
        """The locked row, saved afterwards together with the events of what became of it."""
        with transaction.atomic():
            row = type(self)._with_provider(self.pk, lock=True)
            before, was = (row.status, row.breaker, row.open_until), row.known_status
            yield row
            turn = row._turn(was)
            row.save()
            if before != (row.status, row.breaker, row.open_until):
                publish("provider_status", row.as_record())
            if turn:
                publish(turn, row.as_record())
                (alarms.down if turn == "provider_down" else alarms.recovered)(row)
            if row.known_status != was and row.known_status in (self.Status.DOWN, self.Status.BLOCKED):
                alarms.out_of_use(row)
        Provider.forget()

    def _turn(self, was: str) -> str:
        """The event of going down or recovering, which it is once however often it is blocked between; else empty."""
        if self.known_status == self.Status.DOWN and was != self.Status.DOWN and self.down_since is None:
            self.down_since = timezone.now()
            return "provider_down"
        if self.known_status == self.Status.ACTIVE and self.down_since is not None:
            self.down_since = None
            return "provider_recovered"
        return ""

    @classmethod
    def _with_provider(cls, key: int, *, lock: bool = False) -> Self:
        rows = cls.objects.select_for_update(of=("self",)) if lock else cls.objects.all()
        return rows.select_related("provider").get(pk=key)


def _abandoned_before() -> datetime:
    """A check that began earlier is not made any more."""
    return clock.now() - timedelta(seconds=store.current().providers.check_timeout_seconds + _ABANDONED)


def _retry_after(error: ProviderError | None) -> float | None:
    return error.retry_after if isinstance(error, RateLimited) else None
