"""The operator's settings as one row, and the backups made before each change of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record


class Configuration(Record):
    """The one row. Each section is stored as JSON and only ever read and written through `sections.Settings`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.PositiveBigIntegerField(default=0, editable=False)
    schema = models.PositiveSmallIntegerField(default=1, editable=False)
    general = models.JSONField(default=dict)
    library = models.JSONField(default=dict)
    downloads = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    providers = models.JSONField(default=dict)
    notifications = models.JSONField(default=dict)
    scheduler = models.JSONField(default=dict)
    integrations = models.JSONField(default=dict)
    logging = models.JSONField(default=dict)
    advanced = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("configuration")
        verbose_name_plural = _("configuration")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="configuration_one_row")]

    def __str__(self) -> str:
        return str(_("configuration"))


class ConfigurationBackup(Record):
    """The whole configuration as it was before a change. Secrets are in it, so it is never shown as it is."""

    name = models.CharField(max_length=100, unique=True)
    schema = models.PositiveSmallIntegerField(default=1, editable=False)
    values = models.JSONField()
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("configuration backup")
        verbose_name_plural = _("configuration backups")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name
