"""What callers of the queue's API send, and what they get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from ninja import Schema
from pydantic import Field, model_validator

from aniworld.api_types import Answer, Line, Name, Number, RowId
from downloads.api.why_schemas import AttemptOut, ReasonsOut

PriorityName = Literal["low", "normal", "high"]
Ids = Annotated[list[RowId], Field(max_length=10_000)]


class EpisodeRef(Schema):
    """An episode of a series."""

    season: Number
    episode: Number


class AddIn(Schema):
    """Episodes to queue."""

    key: Name
    episodes: Annotated[list[EpisodeRef], Field(min_length=1, max_length=10_000)]
    priority: PriorityName = "normal"
    language: Line | None = None


class DownloadIn(Schema):
    """Episodes of a series to queue; all missing ones without `episodes`."""

    episodes: Annotated[list[EpisodeRef], Field(max_length=10_000)] | None = None
    priority: PriorityName = "normal"
    language: Line | None = None


class SkippedOut(EpisodeRef):
    """An episode that was not queued: queued, downloaded or unknown_episode."""

    reason: str


class AddedOut(Schema):
    """Ids of new items, and what was not queued."""

    added_items: list[int]
    skipped: list[SkippedOut]


class IdsIn(Schema):
    """Items."""

    item_ids: Ids


class RetryIn(Schema):
    """Items to retry; empty means all failed ones."""

    item_ids: Ids = []


class ReorderIn(Schema):
    """Either an exact order, or one item's new place (from 0)."""

    item_ids: Ids | None = None
    item_id: RowId | None = None
    new_position: Number | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        single = self.item_id is not None and self.new_position is not None
        if bool(self.item_ids) == single or (self.item_ids and len(set(self.item_ids)) != len(self.item_ids)):
            raise ValueError("name item_ids, each once, or item_id with new_position")
        return self


class PriorityIn(Schema):
    """A priority."""

    priority: PriorityName


class SeriesRef(Answer):
    """What names a series."""

    key: str
    name: str


class ItemOut(Answer):
    """A queue item."""

    id: int
    series: SeriesRef
    season: int
    episode: int
    title: str
    language: str
    status: str
    priority: str
    position: int | None
    progress_percent: float
    downloaded_bytes: int
    total_bytes: int | None
    download_speed: int
    eta_seconds: int | None
    retry_count: int
    next_attempt_at: datetime | None
    provider: str | None
    pause_reason: str | None
    error_message: str | None
    file_destination: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class ItemDetailOut(ItemOut):
    """A queue item with all that was tried, and why it is where it is."""

    note: str | None
    attempts: list[AttemptOut]
    why: ReasonsOut


class ItemPageOut(Answer):
    """A page of items."""

    items: list[ItemOut]
    total: int
    page: int
    limit: int


class StatisticsOut(Answer):
    """Numbers about the queue."""

    pending: int
    active: int
    completed: int
    failed: int
    paused: int
    cancelled: int
    total_items: int
    downloaded_bytes: int
    current_speed: int
    eta_seconds: int | None


class ListsOut(Answer):
    """The queue's switches, when the download window opens (null while it is open), and its lists of at most 100."""

    is_running: bool
    is_paused: bool
    window_opens_at: datetime | None
    active_downloads: list[ItemOut]
    pending_queue: list[ItemOut]
    completed_downloads: list[ItemOut]
    failed_downloads: list[ItemOut]


class StatusOut(Answer):
    """The queue as a whole."""

    status: ListsOut
    statistics: StatisticsOut


class SwitchesOut(Schema):
    """The queue's switches."""

    is_running: bool
    is_paused: bool


class RemovedOut(Schema):
    """What was removed, and what takes it back."""

    removed: int
    missing: list[int]
    undo_id: str | None


class ClearedOut(Schema):
    """How many were cleared, and what takes it back."""

    cleared_count: int
    undo_id: str | None


class RetriedOut(Schema):
    """How many were retried, and which were not."""

    retried_count: int
    skipped: list[dict[str, Any]]


class OrderOut(Schema):
    """The pending items in their order, at most 100, and what takes the change back."""

    item_ids: list[int]
    undo_id: str


class PointOut(Answer):
    """Bytes that arrived in one stretch of time, and their mean speed in bytes per second."""

    time: datetime
    bytes: int
    speed: int
    completed: int


class UndoneOut(Schema):
    """What was put back; `redo_id`, given to the same address, does it again."""

    status: str
    action: str
    restored: int
    redo_id: str | None
