"""How many downloads may run at once, over all and from one host, while they run: who is too many goes back."""

from __future__ import annotations

from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.configuration import store
from downloads import window
from downloads.interruptions import Interrupted, PlaceLost, WindowClosed
from downloads.models import QueueItem
from providers.models import Provider


def host_limit(host: str) -> int | None:
    """How many downloads a host allows at once; None for one that is unknown."""
    row = Provider.known().get(host)
    if row is None:
        return None
    rules = row.rules()
    return rules.max_concurrent_downloads


class Place:
    """The place of an item that runs. Asks the database only when a limit, or the host, has changed."""

    def __init__(self, item: QueueItem) -> None:
        self._item = item
        self._granted: tuple[int, str, int | None] | None = None

    def lost(self) -> Interrupted | None:
        """Why the item may not run on now; None as long as it may."""
        opens_at = window.opens_at()
        if opens_at:
            return WindowClosed(opens_at)
        host = self._item.provider
        limits = (store.current().downloads.max_concurrent_downloads, host, host_limit(host))
        if limits == self._granted:
            return None
        running = list(
            QueueItem.objects.leased(clock.now()).order_by("-priority", "position", "id").values_list("pk", "provider")
        )
        if (self._item.pk, host) not in running:
            # It moves on to another host just now, or its lease has run out: seen at the next look.
            return None
        self._granted = limits
        return self._too_many(running, *limits)

    def _too_many(self, running: list[tuple[int, str]], limit: int, host: str, at_host: int | None) -> PlaceLost | None:
        """The last ones in the queue's order are too many: each worker finds the same ones."""
        if self._item.pk not in dict(running[:limit]):
            return PlaceLost(_("Only %d downloads may run at once now; it waits for its turn.") % limit)
        beside = [pk for pk, name in running if name == host]
        if host and at_host is not None and self._item.pk not in beside[:at_host]:
            facts = {"host": host, "count": at_host}
            return PlaceLost(_("%(host)s allows only %(count)d downloads at once now; it waits for a place.") % facts)
        return None
