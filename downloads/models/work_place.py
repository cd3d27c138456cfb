"""Where an item's bytes lie: in the work folder of one machine, or in one that machines share."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import compare_and_set


class WorkPlace(models.Model):
    """`work_place` names the folder that the item's bytes are in, since a worker last found or began some there."""

    work_place = models.CharField(
        max_length=80, blank=True, editable=False, help_text=_("The work folder its bytes are in, by its machine.")
    )

    class Meta:
        abstract = True

    @property
    def is_fetched(self) -> bool:
        """Whether all its bytes lie there: until it arrives it is joined, checked or moved into the library."""
        return bool(self.progress_percent >= 100)  # type: ignore[attr-defined]  # the item's

    def lies_elsewhere(self, place: str) -> bool:
        """Whether it has bytes, and none of them in the work folder of that name."""
        return bool(self.downloaded_bytes and self.work_place and self.work_place != place)  # type: ignore[attr-defined]  # as above

    def found_at(self, place: str, had: int) -> bool:
        """The worker that holds it found `had` bytes in that folder: what lies elsewhere counts no longer."""
        values: dict[str, Any] = {"work_place": place}
        if not had:
            values |= {"downloaded_bytes": 0, "progress_percent": 0.0}
        return compare_and_set(self, self._mine(), values)  # type: ignore[attr-defined]  # as above
