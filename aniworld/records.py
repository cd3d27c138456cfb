"""The base of every table: two times that are always right, also after a bulk update."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.utils import timezone

M = TypeVar("M", bound=models.Model, covariant=True)


class RecordQuerySet(models.QuerySet[M]):
    """A query set whose `update` stamps `updated_at`, so that conditional updates cannot forget it."""

    def update(self, **values: Any) -> int:
        """Like Django's, with `updated_at` set to now."""
        return super().update(**{"updated_at": timezone.now(), **values})


class Record(models.Model):
    """What every table has."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
