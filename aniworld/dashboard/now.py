"""What goes on now: downloads with their speed, the queue, the disk, the workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld import checks, clock
from aniworld.admin_pages.links import address_of_list
from aniworld.configuration import store
from aniworld.templatetags.quantities import duration, size, speed
from downloads import expected_language, statistics
from downloads.disks import disks, floor
from downloads.models import QueueItem
from providers.models import Provider

_MOST = 12


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with what it means, and where more of it is told. `used` is a share in percent."""

    title: str
    value: str
    note: str
    link: str = ""
    used: int | None = None
    look: str = ""


@dataclass(frozen=True, slots=True)
class Workers:
    """A group of workers, and whether it lately proved that it works."""

    name: str
    host: str
    count: int
    seconds: int
    restarts: int
    works: bool


def facts(request: HttpRequest) -> dict[str, Any]:
    """The block's own."""
    sees_workers = request.user.has_perm("supervisor.view_cluster")
    return {
        "tiles": _tiles(sees_disk=sees_workers),
        "active": _active(),
        "sees_workers": sees_workers,
        "workers": _workers() if sees_workers else [],
    }


def _tiles(*, sees_disk: bool) -> list[Tile]:
    figures, switches = statistics.statistics(), statistics.switches()
    queue = "downloads_queueitem"
    left = figures["eta_seconds"]
    ends = _("all done in %s") % duration(left) if left else _("nothing is being fetched")
    parked = _("%(paused)d parked, %(done)d arrived") % {"paused": figures["paused"], "done": figures["completed"]}
    tiles = [
        Tile(_("Speed now"), speed(figures["current_speed"]), ends),
        Tile(
            _("Downloading"),
            str(figures["active"]),
            _switch(switches),
            address_of_list(queue, status__exact="downloading"),
        ),
        Tile(_("Waiting"), str(figures["pending"]), parked, address_of_list(queue, status__exact="pending")),
        Tile(
            _("Failed"),
            str(figures["failed"]),
            _("look at why") if figures["failed"] else _("all is well"),
            address_of_list(queue, status__exact="failed"),
            look="bad" if figures["failed"] else "",
        ),
    ]
    return [*tiles, _disk()] if sees_disk else tiles


def _switch(switches: dict[str, Any]) -> str:
    if not switches["is_running"]:
        return _("the queue is stopped")
    if switches["is_paused"]:
        return _("the queue is paused")
    if switches["window_opens_at"]:
        opens = timezone.localtime(switches["window_opens_at"]).strftime("%H:%M")
        return _("outside the download window, until %s") % opens
    limit = store.current().downloads.max_concurrent_downloads
    return ngettext("the queue runs, %d at once", "the queue runs, %d at once", limit) % limit


def _disk() -> Tile:
    """Of the two file systems the fuller one."""
    found = disks()
    if not found:
        return Tile(_("Free disk"), "?", _("The free space can't be read."), look="bad")
    disk = min(found, key=lambda one: one.room)
    used = round(100 * (disk.total - disk.room) / disk.total) if disk.total else 0
    note = _("of %(all)s; %(floor)s stay free") % {"all": size(disk.total), "floor": size(floor())}
    return Tile(_("Free disk"), size(disk.room), note, used=used, look="bad" if disk.is_low else "")


def _active() -> list[dict[str, Any]]:
    rows = QueueItem.objects.filter(status=QueueItem.Status.DOWNLOADING).select_related("series", "episode")
    names = dict(Provider.objects.values_list("name", "display_name"))
    items = list(rows.order_by("started_at", "id")[:_MOST])
    tried = expected_language.tried_last(items)
    return [
        {
            "item": item,
            "host": names.get(item.provider, item.provider),
            "language": expected_language.of(item, tried.get(item.pk, "")),
        }
        for item in items
    ]


def _workers() -> list[Workers]:
    return [
        Workers(
            name=row.name,
            host=row.host,
            count=row.workers,
            seconds=int(age.total_seconds()),
            restarts=row.restarts,
            works=age <= checks.HEARTBEAT_LIMIT,
        )
        for row, age in checks.cluster_ages(clock.now())
    ]
