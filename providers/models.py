"""Providers as the operator configures them, what is known of their health, and the log of requests behind it."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.configuration import store
from aniworld.records import Record
from providers.exceptions import Blocked, NotConfigured, ProviderError, RateLimited
from providers.transport import check_address

_DEFAULT_RATE_PAUSE = 60.0
# Rows deleted in one transaction.
_PIECE = 2000
_BOUNDS: dict[str, tuple[float, float]] = {
    "timeout_seconds": (1, 600),
    "max_retries": (1, 100),
    "retry_delay": (0, 3600),
    "max_concurrent_downloads": (1, 64),
    "bandwidth_limit_mbps": (0.001, 100_000),
    "requests_per_minute": (1, 100_000),
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}", re.ASCII)
_LINE = re.compile(r"[\x20-\x7e\xa0-\xff]{0,4000}")


def _is_plain(given: object) -> bool:
    """Whether headers or parameters can be sent as they are."""
    return isinstance(given, dict) and all(
        isinstance(name, str)
        and isinstance(value, str)
        and _HEADER_NAME.fullmatch(name)
        and _LINE.fullmatch(value)
        and value == value.strip()
        for name, value in given.items()
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """A provider's runtime configuration with the defaults filled in. None means no limit."""

    timeout_seconds: int
    max_retries: int
    retry_delay: float
    max_concurrent_downloads: int
    bandwidth_limit_mbps: float | None
    requests_per_minute: int | None


class Provider(Record):
    """A catalogue or a host with its runtime configuration. An empty field means the default of section `providers`."""

    class Kind(models.TextChoices):
        CATALOGUE = "catalogue", _("catalogue")
        HOST = "host", _("host")

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=Kind)
    display_name = models.CharField(max_length=100)
    base_url = models.CharField(
        _("address"), max_length=500, blank=True, help_text=_("Of the site, for example https://catalogue.example.org")
    )
    enabled = models.BooleanField(default=True, help_text=_("Used at all."))
    priority = models.PositiveIntegerField(default=100, help_text=_("Lower is tried first."))
    timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    max_retries = models.PositiveIntegerField(null=True, blank=True)
    retry_delay = models.FloatField(null=True, blank=True, help_text=_("Seconds, doubled each time."))
    max_concurrent_downloads = models.PositiveIntegerField(null=True, blank=True)
    bandwidth_limit_mbps = models.FloatField(null=True, blank=True, help_text=_("Megabits per second."))
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    custom_headers = models.JSONField(default=dict, blank=True)
    custom_params = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["kind", "priority", "name"]
        indexes = [models.Index(fields=["kind", "enabled", "priority"], name="provider_choice")]

    _MAXIMUM_AGE: ClassVar[float] = 1.0
    _lock: ClassVar[threading.Lock] = threading.Lock()
    _cached: ClassVar[tuple[float, dict[str, Provider]] | None] = None

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Like Django's; this process sees the change at once, others within a second."""
        super().save(*args, **kwargs)
        Provider.forget()

    def clean(self) -> None:
        """Refuses, with every field's error at once, what requests could not be made with."""
        super().clean()
        errors: dict[str, Any] = {}
        if self.base_url:
            try:
                check_address(self.base_url)
            except ProviderError as error:
                errors["base_url"] = str(error)
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                errors[name] = _("Allowed is %(least)s to %(most)s.") % {"least": least, "most": most}
        for name in ("custom_headers", "custom_params"):
            if not _is_plain(getattr(self, name)):
                errors[name] = _("Names and values must be plain lines of text.")
        if errors:
            raise ValidationError(errors)

    @classmethod
    def known(cls) -> dict[str, Provider]:
        """Every provider by name with its `status_record`, at most a second old. The rows are shared: read only."""
        with cls._lock:
            if cls._cached and time.monotonic() - cls._cached[0] < cls._MAXIMUM_AGE:
                return cls._cached[1]
        rows = {row.name: row for row in Provider.objects.select_related("status_record")}
        with cls._lock:
            Provider._cached = (time.monotonic(), rows)
        return rows

    @classmethod
    def forget(cls) -> None:
        """Makes the next `known()` read the rows."""
        with cls._lock:
            Provider._cached = None

    @property
    def is_usable(self) -> bool:
        """Enabled, and its breaker is not open."""
        record: ProviderStatus | None = getattr(self, "status_record", None)
        return self.enabled and (record is None or not record.is_open)

    def rules(self) -> Rules:
        """What is in force now."""
        defaults = store.current().providers
        names = Rules.__dataclass_fields__
        own = {name: getattr(self, name) for name in names}
        return Rules(**{name: getattr(defaults, name) if own[name] is None else own[name] for name in names})

    def enable(self) -> None:
        """Lets it be used from now on."""
        self._set_enabled(True)

    def disable(self) -> None:
        """Keeps it from being used; what runs through it goes on to its end."""
        self._set_enabled(False)

    def _set_enabled(self, enabled: bool) -> None:
        self.enabled = enabled
        self.save(update_fields=["enabled", "updated_at"])


class ProviderStatus(Record):
    """What the lights show: the outcome of checks, and the breaker that decides whether it is tried."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        DOWN = "down", _("down")
        UNKNOWN = "unknown", _("unknown")
        TESTING = "testing", _("testing")
        BLOCKED = "blocked", _("blocked")

    class Breaker(models.TextChoices):
        CLOSED = "closed", _("closed")
        OPEN = "open", _("open")
        HALF_OPEN = "half_open", _("half open")

    provider = models.OneToOneField(Provider, on_delete=models.CASCADE, related_name="status_record")
    status = models.CharField(max_length=16, choices=Status, default=Status.UNKNOWN)
    last_check = models.DateTimeField(null=True, blank=True)
    response_time = models.FloatField(null=True, blank=True, help_text=_("Milliseconds of the last check."))
    error_message = models.TextField(blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    total_checks = models.PositiveIntegerField(default=0)
    successful_checks = models.PositiveIntegerField(default=0)
    is_enabled = models.BooleanField(default=True, help_text=_("Checked at intervals."))
    check_interval = models.PositiveIntegerField(default=60, help_text=_("Minutes."))
    max_consecutive_failures = models.PositiveIntegerField(default=3)
    breaker = models.CharField(max_length=16, choices=Breaker, default=Breaker.CLOSED)
    breaker_level = models.PositiveSmallIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("state of a provider")
        verbose_name_plural = _("states of the providers")

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.status}"

    @property
    def is_open(self) -> bool:
        """Whether the breaker keeps requests away now."""
        still = self.open_until is None or self.open_until > timezone.now()
        return self.breaker == self.Breaker.OPEN and still

    @property
    def uptime_of_checks(self) -> float | None:
        """Percent of all checks that succeeded; None before the first."""
        return 100.0 * self.successful_checks / self.total_checks if self.total_checks else None

    def record_check(self, error: ProviderError | None, milliseconds: float) -> None:
        """Takes in the outcome of a check.

        active on success · blocked on a challenge or login · down from `max_consecutive_failures` failures in a row on,
        before that the last known status stays · a rate limit proves it alive and opens the breaker · without an
        address there is nothing to know.
        """
        with transaction.atomic():
            row = ProviderStatus.objects.select_for_update().get(pk=self.pk)
            row.last_check = timezone.now()
            if not isinstance(error, NotConfigured):
                row.total_checks += 1
                row.response_time = milliseconds
            row._take_in(error)
            row.save()
        self.refresh_from_db()
        Provider.forget()

    def _take_in(self, error: ProviderError | None) -> None:
        self.error_message = str(error) if error else ""
        if isinstance(error, NotConfigured):
            self.status = self.Status.UNKNOWN
        elif error is None:
            self.successful_checks += 1
            self._alive()
        elif isinstance(error, RateLimited):
            self._pause(error)
        else:
            self.consecutive_failures += 1
            if isinstance(error, Blocked):
                self.status = self.Status.BLOCKED
            elif self.consecutive_failures >= self.max_consecutive_failures:
                self.status = self.Status.DOWN

    def _alive(self) -> None:
        self.status = self.Status.ACTIVE
        self.consecutive_failures = 0
        self.breaker = self.Breaker.CLOSED
        self.open_until = None

    def _pause(self, error: RateLimited) -> None:
        self.breaker = self.Breaker.OPEN
        self.open_until = timezone.now() + timedelta(seconds=error.retry_after or _DEFAULT_RATE_PAUSE)

    def note_request(self, error: ProviderError | None) -> None:
        """What an ordinary request tells at once: a challenge blocks, a rate limit pauses, an answer lifts both.

        Written only where it changes something: most requests change nothing.
        """
        lifts = error is None and (self.status != self.Status.ACTIVE or self.breaker != self.Breaker.CLOSED)
        blocks = isinstance(error, Blocked) and self.status != self.Status.BLOCKED
        if not (lifts or blocks or isinstance(error, RateLimited)):
            return
        with transaction.atomic():
            row = ProviderStatus.objects.select_for_update().get(pk=self.pk)
            row.error_message = str(error) if error else ""
            if error is None:
                row._alive()
            elif isinstance(error, RateLimited):
                row._pause(error)
            else:
                row.status = self.Status.BLOCKED
            row.save()
        Provider.forget()


class RequestLog(Record):
    """One request through a provider: how long it took, what came, what went wrong."""

    class Action(models.TextChoices):
        SEARCH = "search", _("search")
        DETAILS = "details", _("details")
        EPISODES = "episodes", _("episodes")
        SOURCES = "sources", _("sources")
        NEWEST = "newest", _("newest")
        RESOLVE = "resolve", _("resolve")
        DOWNLOAD = "download", _("download")
        CHECK = "check", _("check")

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="requests")
    action = models.CharField(max_length=16, choices=Action)
    language = models.CharField(max_length=32, blank=True)
    successful = models.BooleanField()
    response_time_ms = models.FloatField()
    bytes = models.BigIntegerField(default=0)
    error_code = models.CharField(max_length=32, blank=True)
    error_message = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["provider", "-created_at"], name="request_recent"),
            models.Index(fields=["created_at"], name="request_age"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {'ok' if self.successful else self.error_code}"

    @classmethod
    def add(
        cls, provider: Provider, action: str, milliseconds: float, size: int, language: str, error: ProviderError | None
    ) -> None:
        """Writes a row. Raises `DatabaseError`, and leaves a surrounding transaction usable then."""
        with transaction.atomic():
            cls.objects.create(
                provider=provider,
                action=action,
                successful=error is None,
                response_time_ms=milliseconds,
                bytes=size,
                language=language,
                error_code=error.code if error else "",
                error_message=str(error)[:1000] if error else "",
            )

    @classmethod
    def prune(cls, days: int) -> int:
        """Deletes rows older than so many days, a piece at a time so that no other writer waits long; how many."""
        old = cls.objects.filter(created_at__lt=timezone.now() - timedelta(days=days)).order_by("created_at")
        deleted = 0
        while piece := list(old.values_list("pk", flat=True)[:_PIECE]):
            deleted += cls.objects.filter(pk__in=piece).delete()[0]
        return deleted
