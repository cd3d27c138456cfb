"""Backups of the configuration: one before each change, the newest `max_backups` kept."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.configuration.models import ConfigurationBackup
from aniworld.configuration.sections import Settings
from aniworld.refusals import NotThere


def keep(values: Settings, at_most: int, *, by: str = "", reason: str = "") -> ConfigurationBackup:
    """Makes a backup of `values` and drops the oldest over `at_most`."""
    stamp = timezone.now().strftime("%Y%m%dT%H%M%S%f")
    backup = ConfigurationBackup.objects.create(
        name=f"config-{stamp}", values=values.model_dump(mode="json"), reason=reason[:200], created_by=by[:150]
    )
    surplus = list(ConfigurationBackup.objects.values_list("pk", flat=True)[at_most:])
    ConfigurationBackup.objects.filter(pk__in=surplus).delete()
    return backup


def listed() -> QuerySet[ConfigurationBackup]:
    """All backups, the newest first, without what is in them."""
    return ConfigurationBackup.objects.defer("values")


def named(name: str) -> ConfigurationBackup:
    """The backup of that name. Raises `NotThere`."""
    backup = ConfigurationBackup.objects.filter(name=name).first() if "\x00" not in name else None
    if backup is None:
        raise NotThere(_("There is no backup of this name."))
    return backup


def delete(name: str) -> None:
    """Deletes the backup of that name. Raises `NotThere`."""
    named(name).delete()
