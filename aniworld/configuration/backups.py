"""Backups of the configuration: one before each change, the newest `max_backups` kept."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from aniworld import audit
from aniworld.configuration.models import ConfigurationBackup
from aniworld.configuration.schema import SCHEMA, brought_up, known
from aniworld.configuration.sections import Settings
from aniworld.refusals import Conflict, NotThere


def keep(values: Settings, at_most: int, *, by: str = "", reason: str = "") -> ConfigurationBackup:
    """Makes a backup of `values` and drops the oldest over `at_most`."""
    stamp = timezone.now().strftime("%Y%m%dT%H%M%S%f")
    backup = ConfigurationBackup.objects.create(
        name=f"config-{stamp}",
        schema=SCHEMA,
        values=values.model_dump(mode="json"),
        reason=reason[:200],
        created_by=by[:150],
    )
    surplus = list(ConfigurationBackup.objects.values_list("pk", flat=True)[at_most:])
    ConfigurationBackup.objects.filter(pk__in=surplus).delete()
    return backup


def listed() -> QuerySet[ConfigurationBackup]:
    """All backups, the newest first, without what is in them."""
    return ConfigurationBackup.objects.defer("values")


def named(name: str) -> ConfigurationBackup:
    """The backup of that name. Raises `NotThere`."""
    backup = ConfigurationBackup.objects.filter(name=name).first() if name.isprintable() else None
    if backup is None:
        raise NotThere(_("There is no backup of this name."))
    return backup


def settings_of(backup: ConfigurationBackup) -> Settings:
    """What is in a backup, brought up to today's schema. Raises `Invalid` and `Conflict` when it can't be."""
    try:
        return Settings.model_validate(brought_up(backup.values, known(backup.schema)))
    except ValidationError:
        text = _("It was made by another version and is not understood any more.")
        raise Conflict(text, code="not_understood") from None


def delete(name: str, *, by: str = "", via: str = "command") -> None:
    """Deletes the backup of that name. Raises `NotThere`."""
    backup = named(name)
    with transaction.atomic():
        if not ConfigurationBackup.objects.filter(pk=backup.pk).delete()[0]:
            raise NotThere(_("There is no backup of this name."))
        audit.record(by, via, "deleted", f"configuration backup {name}")
