"""Who reads the feed of arrivals."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from aniworld.admin_pages.feeds import FeedPage
from aniworld.audit.recording import Recorded
from integrations.feeds.models import ArrivalsFeed


@admin.register(ArrivalsFeed)
class ArrivalsFeedAdmin(Recorded, FeedPage):
    about = _("Who reads of arrivals in a feed reader. Closing a feed ends its address; its user can make another.")
    when_empty = _("Everybody makes their own on the calendar's page.")
