"""The channel layer: that what happens reaches the pages."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.checks.check import Check, fine
from aniworld.live.wakeup import through_redis


def channel_layer() -> Check:
    """Whether what happens reaches the pages: by Redis where one is named, else through the event log."""
    if not settings.REDIS_URL:
        return fine("channel_layer", _("Pages are told by the event log."))
    channel = through_redis()
    try:
        channel.ping(settings.REDIS_URL)
    except channel.AWAY as error:
        message = _("Redis does not answer (%s): pages show changes late.") % type(error).__name__
        return Check("channel_layer", False, message, _("Start the Redis server, and see that REDIS_URL names it."))
    return fine("channel_layer", _("Pages are told through Redis."))
