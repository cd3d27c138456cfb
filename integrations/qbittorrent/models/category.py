"""What managers sort their downloads by."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet
from aniworld.refusals import Conflict, Invalid
from integrations.releases import one_line

LONGEST = 100
_MOST = 1000


class CategoryQuerySet(RecordQuerySet["Category"]):
    """Many of them."""

    def put(self, name: str, *, is_new: bool = False) -> Category:
        """The category of that name, made when it is missing. Raises `Invalid`, and with `is_new` `Conflict`."""
        name = checked(name)
        known = self.filter(name=name).first()
        if known is not None and is_new:
            raise Conflict(gettext("There is a category of this name already."))
        if known is None and self.count() >= _MOST:
            raise Conflict(gettext("There are too many categories."))
        return known or self.get_or_create(name=name)[0]


class Category(Record):
    """A word that a manager gave. Its downloads are handed over in a folder of that name."""

    name = models.CharField(max_length=LONGEST, unique=True)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("category of the download client")
        verbose_name_plural = _("categories of the download client")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def checked(name: str) -> str:
    """The name as it is kept. Raises `Invalid`."""
    line = one_line(name)
    if (
        not line
        or line != name.strip()
        or len(line) > LONGEST
        or "//" in line
        or line.startswith("/")
        or line.endswith("/")
    ):
        raise Invalid(gettext("A category has a name of 1 to 100 characters, without empty parts."), "invalid_category")
    return line
