"""What lets a calendar program read a user's feed, and nothing else."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.feeds import Feed, FeedQuerySet


class CalendarFeed(Feed):
    """A user's calendar feed."""

    MARK = "awf_"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
