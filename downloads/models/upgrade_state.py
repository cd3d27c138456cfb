"""What an item knows of the lesser file whose place it takes."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import compare_and_set


class UpgradeState(models.Model):
    """wanted → replacing → replaced once the item is completed, or → kept where nothing goes for it."""

    class Upgrade(models.TextChoices):
        NO = "", _("no")
        WANTED = "wanted", _("wanted")
        REPLACING = "replacing", _("the lesser file goes")
        REPLACED = "replaced", _("done")
        KEPT = "kept", _("nothing was replaced")

    upgrade = models.CharField(
        max_length=16,
        choices=Upgrade,
        blank=True,
        default=Upgrade.NO,
        help_text=_("Whether it takes the place of a file in a lesser language."),
    )
    replaced = models.JSONField(
        default=list, blank=True, help_text=_("Path and language of what it took the place of.")
    )

    class Meta:
        abstract = True

    def replaces(self, files: list[dict[str, str]]) -> None:
        """Completed: notes what goes for it, which may be nothing. In the caller's transaction."""
        self._set_upgrade(self.Upgrade.REPLACING if files else self.Upgrade.KEPT, replaced=files)

    def has_replaced(self) -> None:
        """All that goes for it is gone."""
        self._set_upgrade(self.Upgrade.REPLACED)

    def _set_upgrade(self, upgrade: str, **values: Any) -> None:
        compare_and_set(self, type(self)._default_manager.filter(pk=self.pk), {"upgrade": upgrade, **values})
