"""The log of requests through providers, and what is kept of it by the hour."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record
from providers.models.provider import Provider

# Rows deleted in one transaction.
_PIECE = 2000


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
        verbose_name = _("request to a provider")
        verbose_name_plural = _("requests to providers")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["provider", "-created_at"], name="request_recent"),
            models.Index(fields=["created_at"], name="request_age"),
            models.Index(fields=["provider", "successful", "-created_at", "action"], name="request_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {'ok' if self.successful else self.error_code}"

    @classmethod
    def prune(cls, before: datetime, keep: Collection[int] = ()) -> int:
        """Deletes older rows but those to keep, a piece at a time so that no other writer waits long; how many."""
        old = cls.objects.filter(created_at__lt=before).exclude(pk__in=keep).order_by("created_at")
        deleted = 0
        while piece := list(old.values_list("pk", flat=True)[:_PIECE]):
            deleted += cls.objects.filter(pk__in=piece).delete()[0]
        return deleted

    @classmethod
    def forget(cls, provider: Provider) -> None:
        """Deletes a provider's rows, likewise."""
        while piece := list(cls.objects.filter(provider=provider).order_by().values_list("pk", flat=True)[:_PIECE]):
            cls.objects.filter(pk__in=piece).delete()


class RequestHour(Record):
    """What a provider did in one hour and language, kept when the single requests are gone. Checks are not counted.

    `hour` is its beginning (UTC); hours older than the history are one row, at `BEFORE`. Bytes and seconds of the
    downloads that succeeded give the throughput, the seconds of the failed ones what a failure costs.
    """

    BEFORE: ClassVar[datetime] = datetime(1970, 1, 1, tzinfo=UTC)

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    language = models.CharField(max_length=32, blank=True)
    requests = models.PositiveIntegerField(default=0)
    successful = models.PositiveIntegerField(default=0)
    response_ms_total = models.FloatField(default=0, help_text=_("Of the requests that are no downloads."))
    response_ms_p95 = models.FloatField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)
    successful_downloads = models.PositiveIntegerField(default=0)
    download_bytes = models.BigIntegerField(default=0, help_text=_("Of the downloads that succeeded."))
    download_seconds = models.FloatField(default=0, help_text=_("Of the downloads that succeeded."))
    lost_seconds = models.FloatField(default=0, help_text=_("Of the downloads that failed."))
    bytes = models.BigIntegerField(default=0, help_text=_("Of all requests."))

    class Meta:
        verbose_name = _("hour of requests")
        verbose_name_plural = _("requests by the hour")
        ordering = ["-hour"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "hour", "language"], name="request_hour_once"),
        ]
        indexes = [models.Index(fields=["hour"], name="request_hour_age")]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.hour:%Y-%m-%d %H}:00"
