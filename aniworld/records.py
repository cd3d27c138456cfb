"""The base of every table: two times that are always right, also after a bulk update; and claims of one row."""

from __future__ import annotations

from collections.abc import Mapping
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


def compare_and_set(row: models.Model, rows: models.QuerySet[Any], values: Mapping[str, Any]) -> bool:
    """Writes `values` where `rows`, which is this row under its conditions, still has it, and then into the object.

    False when somebody else was quicker: nothing is changed then.
    """
    if not rows.update(**values):
        return False
    adopt(row, values)
    return True


def adopt(row: models.Model, values: Mapping[str, Any]) -> None:
    """Gives the object what was just written into its row."""
    for name, value in values.items():
        setattr(row, name, value)
