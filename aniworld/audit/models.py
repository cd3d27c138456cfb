"""The log of administrative changes. Rows are written by `audit.record` and never changed."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEPT = timedelta(days=365)


class Change(models.Model):
    """One thing that somebody did: `changes` maps each name to its old and its new value."""

    class Via(models.TextChoices):
        ADMIN = "admin", _("admin")
        API = "api", _("API")
        PAGE = "page", _("page")
        COMMAND = "command", _("command")

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    by = models.CharField(_("by"), max_length=150, blank=True, db_index=True)
    via = models.CharField(_("through"), max_length=8, choices=Via)
    action = models.CharField(_("action"), max_length=100)
    subject = models.CharField(_("what"), max_length=300)
    changes = models.JSONField(_("old and new"), default=dict, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("change")
        verbose_name_plural = _("administrative changes")

    def __str__(self) -> str:
        return f"{self.subject}: {self.action}"


def prune() -> int:
    """Deletes what is older than a year; how many rows went."""
    return Change.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
