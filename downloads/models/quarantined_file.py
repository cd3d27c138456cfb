"""Files that failed their check."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.models import User
from aniworld.records import Record, RecordQuerySet
from downloads.models.queue_item import QueueItem


class QuarantinedFileQuerySet(RecordQuerySet["QuarantinedFile"]):
    """Questions about kept files."""

    def at_rest(self) -> QuarantinedFileQuerySet:
        """Those that nobody moves into the library now: an item that is over has come to its end without them."""
        return self.filter(models.Q(accepted_at__isnull=True) | ~models.Q(item__status__in=QueueItem.LIVE))


class QuarantinedFile(Record):
    """A fetched file that failed its check and is kept for whoever wants to look, or to accept it anyway.

    `path` is relative to the quarantine folder of the machine that `place` names. The row comes before the file and
    goes before it: one without the other is a kill in between, and the sweep removes either.
    """

    item = models.ForeignKey(QueueItem, on_delete=models.CASCADE, related_name="quarantined")
    provider = models.CharField(max_length=64)
    language = models.CharField(max_length=32)
    place = models.CharField(max_length=80, help_text=_("The machine, by its data folder."))
    path = models.CharField(max_length=200, unique=True)
    size = models.BigIntegerField()
    reason = models.TextField()
    facts: models.JSONField[Any, Any] = models.JSONField(
        default=dict, blank=True, help_text=_("What the file is, as far as it could be read.")
    )
    accepted_at = models.DateTimeField(null=True, blank=True, help_text=_("On its way into the library since then."))
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = QuarantinedFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined file")
        verbose_name_plural = _("quarantined files")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.provider}: {self.reason}"

    @property
    def duration(self) -> float | None:
        """Seconds; None where the file could not be read."""
        return float(self.facts.get("duration") or 0) or None

    @property
    def extension(self) -> str:
        """What fits its container, as far as that could be read."""
        return str(self.facts.get("extension") or ".mp4")

    @property
    def quality(self) -> str:
        """The height of the picture, as in 1080p; empty when unknown."""
        height = int(self.facts.get("height") or 0)
        return f"{height}p" if height else ""

    @property
    def is_on_its_way(self) -> bool:
        """Whether it moves into the library now, or as soon as that is possible."""
        return self.accepted_at is not None and self.item.status in QueueItem.LIVE

    def accept(self, by: User | None) -> bool:
        """It is wanted in the library although it failed; False while it is on its way there, or when it is gone."""
        values = {"accepted_at": timezone.now(), "accepted_by": by}
        changed = QuarantinedFile.objects.at_rest().filter(pk=self.pk).update(**values)
        if changed:
            self.accepted_at, self.accepted_by = timezone.now(), by
        return bool(changed)

    def release(self) -> bool:
        """Its row is gone: the file may be deleted. False while it is on its way into the library, or gone before."""
        gone, _each = QuarantinedFile.objects.at_rest().filter(pk=self.pk).delete()
        return bool(gone)
