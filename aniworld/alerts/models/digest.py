"""Alerts of one window as one message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet


class DigestQuerySet(RecordQuerySet["Digest"]):
    """What is asked about messages."""

    def ended(self) -> Self:
        """Those whose alerts count as being sent though no delivery is under way any more."""
        under_way = self.filter(deliveries__state="waiting").values("pk")
        return self.filter(alerts__state="sending").exclude(pk__in=under_way).distinct()


class Digest(Record):
    """A message, the same for every target."""

    title = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return self.title

    def address_to(self, targets: Iterable[str], title: str, body: str) -> None:
        """Gives it its text, and one delivery for each target."""
        self.title, self.body = title, body
        self.save()
        self.deliveries.bulk_create([self.deliveries.model(digest=self, target=target) for target in targets])
