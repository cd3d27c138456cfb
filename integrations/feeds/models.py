"""What lets a feed reader read of arrivals, and nothing else."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.feeds import Feed, FeedQuerySet


class ArrivalsFeed(Feed):
    """A user's feed of arrivals."""

    MARK = "awr_"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="arrivals_feed")

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("feed of arrivals")
        verbose_name_plural = _("feeds of arrivals")
