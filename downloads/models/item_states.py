"""What a queue item can be, and why it can be paused."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ItemStatus(models.TextChoices):
    """Where an item is on its way; the item's own methods move it."""

    PENDING = "pending", _("pending")
    DOWNLOADING = "downloading", _("downloading")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class PauseReason(models.TextChoices):
    """Why an item is paused. All but the first end by themselves."""

    USER = "user", _("by a user")
    BLOCKED = "blocked", _("every source is blocked")
    DISK = "disk", _("the disk is full")
    LIBRARY = "library_unavailable", _("the library folder is not there")
    WINDOW = "window", _("outside the download window")
