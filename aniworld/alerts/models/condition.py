"""What lasts for a while and is told of once, when it begins."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet


class ConditionQuerySet(RecordQuerySet["Condition"]):
    """The beginning and the end; of several processes that see it, one is told that it is news."""

    def begins(self, name: str) -> bool:
        """True for whoever sees first that it has begun."""
        return self.get_or_create(name=name)[1]

    def ends(self, name: str) -> bool:
        """True for whoever sees first that it is over."""
        return bool(self.filter(name=name).delete()[0])


class Condition(Record):
    """Something that is so now, since `created_at`, such as a disk that is nearly full."""

    name = models.CharField(max_length=200, unique=True)

    objects = ConditionQuerySet.as_manager()

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")

    def __str__(self) -> str:
        return self.name
