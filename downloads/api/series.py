"""What `/api/anime` needs the queue for: downloads, the detail with each episode's queue status, and removal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.responses import Status

from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import Key, Problem
from aniworld.refusals import NotThere
from downloads import queue, removal
from downloads.api import schemas
from downloads.models import Priority, QueueItem
from downloads.queue import Skipped
from library import api as library_api
from library import changes
from library.models import Episode, Series

router = Router(tags=["anime"], auth=signed_in)


def live_series(key: str) -> Series:
    """The series, or `NotThere`."""
    series = Series.objects.live().filter(key=key).first()
    if series is None:
        raise NotThere(_("There is no series “%s”.") % key)
    return series


def episodes_of(series: Series, wanted: Sequence[schemas.EpisodeRef]) -> tuple[list[Episode], list[Skipped]]:
    """The episodes that exist, in the order asked for, each once; and those that do not."""
    keys = list(dict.fromkeys((entry.season, entry.episode) for entry in wanted))
    seasons = Q(season__in={season for season, _number in keys})
    known = {(row.season, row.number): row for row in Episode.objects.filter(seasons, series=series)}
    missing = [Skipped(*key, "unknown_episode") for key in keys if key not in known]
    return [known[key] for key in keys if key in known], missing


def refuse_unknown(episodes: Sequence[Episode], unknown: Sequence[Skipped]) -> None:
    """Raises `NotThere` when not one of the episodes exists."""
    if unknown and not episodes:
        names = ", ".join(f"S{entry.season:02d}E{entry.episode:02d}" for entry in unknown[:10])
        raise NotThere(_("The series has no such episode: %s") % names)


@router.post("/{key}/download", response={202: schemas.AddedOut, 409: Problem})
def download(request: HttpRequest, key: Key, body: schemas.DownloadIn | None = None) -> Status[Any]:
    """Queues episodes of the series, all missing ones when none is named."""
    series, wanted = live_series(key), body or schemas.DownloadIn()
    by = user_of(request)
    priority, unknown = Priority[wanted.priority.upper()], list[Skipped]()
    if wanted.episodes is None:
        enqueued = queue.enqueue_missing(series, priority=priority, language=wanted.language, by=by)
    else:
        episodes, unknown = episodes_of(series, wanted.episodes)
        refuse_unknown(episodes, unknown)
        enqueued = queue.enqueue(series, episodes, priority=priority, language=wanted.language, by=by)
    return Status(202, {"added_items": enqueued.added, "skipped": [*enqueued.skipped, *unknown]})


@router.get("/{key}")
def detail(request: HttpRequest, key: Key) -> Any:
    """The series with its seasons, episodes, files, and what the queue does about each."""
    series = live_series(key)
    live = QueueItem.objects.listed().filter(series=series).exclude(status=QueueItem.Status.CANCELLED)
    statuses = dict(live.order_by("id").values_list("episode_id", "status"))
    return library_api.detail(series, user_of(request), statuses)


@router.delete("/{key}", response={204: None}, auth=admin_only)
def remove(request: HttpRequest, response: HttpResponse, key: Key, delete_files: bool = False) -> Status[None]:
    """Removes the series and cancels its downloads; the header X-Undo-Id names what takes it back."""
    series, by = live_series(key), user_of(request)
    with changes.recorded(series, by=by.username, via="api", action="removed"):
        undo_id = removal.remove_series(series, delete_files=delete_files, by=by)
    response["X-Undo-Id"] = undo_id
    return Status(204, None)
