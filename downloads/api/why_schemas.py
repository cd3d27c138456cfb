"""What callers learn of why an item or an episode is where it is."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema


class AttemptOut(Schema):
    """One try at one host."""

    provider: str
    language: str
    started: datetime
    ended: datetime | None
    started_at: datetime
    ended_at: datetime | None
    bytes: int
    outcome: str | None
    error: str | None
    next_step: str | None


class ObstacleOut(Schema):
    """What keeps a download from beginning; `until` is null when nobody knows."""

    code: str
    text: str
    until: datetime | None


class RefusalOut(Schema):
    """A source that brought nothing, and how it went the last time."""

    provider: str
    name: str
    language: str
    times: int
    outcome: str
    reason: str
    last: datetime | None


class QuarantinedOut(Schema):
    """A file that failed its check and is kept."""

    id: int
    provider: str
    language: str
    size: int
    reason: str
    duration: float | None
    quality: str
    created_at: datetime
    accepted_at: datetime | None


class ReasonsOut(Schema):
    """Why an item is where it is, and what happens next."""

    state: str
    reason: str
    next_step: str
    next_at: datetime | None
    refused: list[RefusalOut]
    quarantined: list[QuarantinedOut]
    obstacles: list[ObstacleOut]


class PlannedSourceOut(Schema):
    """A source in its place, or without one when it is not tried, and the reason."""

    place: int | None
    provider: str
    name: str
    language: str
    reason: str


class DryRunOut(Schema):
    """What a download would do now, in order."""

    catalogue: str
    error: str
    sources: list[PlannedSourceOut]
    dropped: list[PlannedSourceOut]
    expected_bytes: int | None
    free_bytes: int | None
    target: str
    target_exists: bool
    on_existing: str
    prevented_by: list[ObstacleOut]


class WhyOut(ReasonsOut):
    """Why an episode is there or not; `dry_run` is null unless it was asked for."""

    key: str
    season: int
    episode: int
    item_id: int | None
    tried: list[AttemptOut]
    dry_run: DryRunOut | None
