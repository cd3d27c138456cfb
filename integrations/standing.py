"""How telling other systems goes, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aniworld import clock
from integrations.media_servers.models import MediaServer, Notice
from integrations.webhooks.models import Delivery, Webhook

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Messages that wait, and that were given up within a day; receivers that are told and fail."""

    waiting: int
    failed: int
    failing: int


def of_all() -> dict[str, Standing]:
    """By integration; two queries for each."""
    since = clock.now() - _DAY
    return {
        "media_servers": Standing(**Notice.objects.standing(since), failing=MediaServer.objects.failing().count()),
        "webhooks": Standing(**Delivery.objects.standing(since), failing=Webhook.objects.failing().count()),
    }
