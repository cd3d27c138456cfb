"""`/api/queue`."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from aniworld.accounts.authentication import signed_in, user_of
from aniworld.api_types import Key, PageLimit, PageNumber, Problem, RowId
from aniworld.paging import stretch
from aniworld.refusals import Conflict, Invalid, NotThere
from downloads import ordering, queue, statistics, throughput, why
from downloads.api import rendering, schemas
from downloads.api.series import episodes_of, live_series, refuse_unknown
from downloads.models import Priority, QueueItem

router = Router(tags=["queue"], auth=signed_in)

# Waiting ones as they will go, ended ones the last first, all together the newest first.
NEWEST = ("-id",)
ORDERS = {
    "pending": ("-priority", "position", "id"),
    "completed": ("-completed_at", "-id"),
    "failed": ("-completed_at", "-id"),
}
Hours = Annotated[int, Field(ge=1, le=720)]


def found(item_id: int) -> QueueItem:
    """The item, or `NotThere`."""
    item = QueueItem.objects.select_related("series", "episode").filter(pk=item_id).first()
    if item is None:
        raise NotThere(_("There is no queue item %d.") % item_id)
    return item


@router.get("/status", response=schemas.StatusOut)
def status(request: HttpRequest) -> dict[str, Any]:
    """Switches, the four lists with at most 100 items each, and numbers."""
    lists = statistics.lists_of(rendering.reads(QueueItem.objects.listed()))
    rendered = {name: [rendering.told(read) for read in reads] for name, reads in lists.items()}
    rendered["pending_queue"] = rendering.numbered(lists["pending_queue"], 0)
    return {"status": {**statistics.switches(), **rendered}, "statistics": statistics.statistics()}


@router.get("/items", response=schemas.ItemPageOut)
def items(
    request: HttpRequest,
    status: str | None = None,
    series: Key | None = None,
    page: PageNumber = 1,
    limit: PageLimit = 20,
) -> dict[str, Any]:
    """A page of items, the newest first; pending ones as they will go, ended ones the last first."""
    rows = QueueItem.objects.listed().order_by(*ORDERS.get(status or "", NEWEST))
    if status is not None:
        if status not in QueueItem.Status.values:
            raise Invalid(_("There is no status “%s”.") % status[:50])
        rows = rows.filter(status=status)
    if series is not None:
        rows = rows.filter(series__key=series)
    first = (page - 1) * limit
    wanted = rendering.reads(stretch(rows, first, first + limit))
    # Where only pending ones are listed, the place in the list is the place in the queue.
    whole_queue = status == QueueItem.Status.PENDING and series is None
    shown = rendering.numbered(wanted, first) if whole_queue else rendering.items(wanted)
    return {"items": shown, "total": rows.count(), "page": page, "limit": limit}


@router.post("/add", response={201: schemas.AddedOut, 404: Problem, 409: Problem})
def add(request: HttpRequest, body: schemas.AddIn) -> Status[Any]:
    """Queues episodes; what is queued or on disk already is skipped."""
    series = live_series(body.key)
    episodes, unknown = episodes_of(series, body.episodes)
    refuse_unknown(episodes, unknown)
    enqueued = queue.enqueue(
        series, episodes, priority=Priority[body.priority.upper()], language=body.language, by=user_of(request)
    )
    return Status(201, {"added_items": enqueued.added, "skipped": [*enqueued.skipped, *unknown]})


@router.post("/start", response=schemas.SwitchesOut)
def start(request: HttpRequest) -> Any:
    """Lets downloads run."""
    return queue.start()


@router.post("/stop", response=schemas.SwitchesOut)
def stop(request: HttpRequest) -> Any:
    """Stops all downloads; they are pending again, with their bytes."""
    return queue.stop()


@router.post("/pause", response=schemas.SwitchesOut)
def pause(request: HttpRequest) -> Any:
    """Active downloads end, no new one begins."""
    return queue.pause()


@router.post("/resume", response=schemas.SwitchesOut)
def resume(request: HttpRequest) -> Any:
    """New downloads begin again."""
    return queue.resume()


@router.post("/reorder", response={200: schemas.OrderOut, 404: Problem, 409: Problem})
def reorder(request: HttpRequest, body: schemas.ReorderIn) -> dict[str, Any]:
    """Puts pending items in an exact order, or moves one."""
    if body.item_ids:
        undo_id = ordering.arrange(body.item_ids, user_of(request))
    elif body.item_id is not None and body.new_position is not None:
        undo_id = ordering.move(body.item_id, body.new_position, user_of(request))
    return {"item_ids": [item.pk for item in statistics.lists()["pending_queue"]], "undo_id": undo_id}


@router.post("/retry", response=schemas.RetriedOut)
def retry(request: HttpRequest, body: schemas.RetryIn | None = None) -> dict[str, Any]:
    """Puts failed items back to pending."""
    retried, skipped = queue.retry(body.item_ids if body else [])
    return {"retried_count": len(retried), "skipped": skipped}


@router.get("/throughput", response=list[schemas.PointOut])
def points(request: HttpRequest, hours: Hours = 24) -> Any:
    """What arrived over the last hours, in at most 120 points."""
    return throughput.points(hours)


@router.delete("/completed", response=schemas.ClearedOut)
def clear_completed(request: HttpRequest) -> dict[str, Any]:
    """Takes completed items out of the lists."""
    return _cleared(queue.clear(QueueItem.Status.COMPLETED, user_of(request)))


@router.delete("/failed", response=schemas.ClearedOut)
def clear_failed(request: HttpRequest) -> dict[str, Any]:
    """Takes failed items out of the lists."""
    return _cleared(queue.clear(QueueItem.Status.FAILED, user_of(request)))


def _cleared(removed: queue.Removed) -> dict[str, Any]:
    return {"cleared_count": removed.count, "undo_id": removed.undo_id or None}


@router.delete("", response=schemas.RemovedOut)
def remove(request: HttpRequest, body: schemas.IdsIn) -> dict[str, Any]:
    """Cancels live items and takes ended ones out of the lists."""
    removed = queue.cancel(body.item_ids, user_of(request))
    return {"removed": removed.count, "missing": removed.missing, "undo_id": removed.undo_id or None}


@router.get("/{item_id}", response=schemas.ItemDetailOut)
def detail(request: HttpRequest, item_id: RowId) -> dict[str, Any]:
    """An item with its attempts, and why it is where it is."""
    return _detail(found(item_id))


def _detail(item: QueueItem) -> dict[str, Any]:
    answer, waits = why.of_item(item), item.status == QueueItem.Status.PENDING
    return {
        **rendering.item(item, rendering.positions([item.pk] if waits else []).get(item.pk)),
        "note": item.note or None,
        "attempts": [rendering.attempt(row) for row in answer.tried],
        "why": rendering.reasons(answer),
    }


@router.delete("/{item_id}", response={204: None})
def remove_one(request: HttpRequest, response: HttpResponse, item_id: RowId) -> Status[None]:
    """Cancels an item, or takes an ended one out of the lists; the header X-Undo-Id names what takes it back."""
    found(item_id)
    response["X-Undo-Id"] = queue.cancel([item_id], user_of(request)).undo_id
    return Status(204, None)


@router.post("/{item_id}/priority", response={200: schemas.ItemDetailOut, 409: Problem})
def prioritise(request: HttpRequest, item_id: RowId, body: schemas.PriorityIn) -> dict[str, Any]:
    """Changes a live item's priority."""
    item = found(item_id)
    if not queue.prioritise(item, Priority[body.priority.upper()]):
        raise Conflict(_("The item is %s: its priority means nothing any more.") % item.get_status_display())
    return _detail(item)


@router.post("/{item_id}/pause", response={200: schemas.ItemDetailOut, 409: Problem})
def pause_item(request: HttpRequest, item_id: RowId) -> dict[str, Any]:
    """Parks one item until it is resumed."""
    item = found(item_id)
    if not queue.pause_item(item) and item.status != QueueItem.Status.PAUSED:
        raise Conflict(_("The item is %s and can't be paused.") % item.get_status_display())
    return _detail(found(item_id))


@router.post("/{item_id}/resume", response={200: schemas.ItemDetailOut, 409: Problem})
def resume_item(request: HttpRequest, item_id: RowId) -> dict[str, Any]:
    """Makes a parked item pending again."""
    item = found(item_id)
    if not queue.resume_item(item) and item.status not in (QueueItem.Status.PENDING, QueueItem.Status.DOWNLOADING):
        raise Conflict(_("The item is %s and can't be resumed.") % item.get_status_display())
    return _detail(found(item_id))
