"""What the API of the library takes and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from aniworld.api_types import Answer, Key, Line, Paging

LanguageName = Literal["German Dub", "German Sub", "English Sub", "English Dub"]
Part = Literal["episodes", "nfo", "logo", "images"]
LoadingName = Literal[
    "pending", "loading_episodes", "loading_nfo", "loading_logo", "loading_images", "completed", "failed"
]
Sort = Literal[
    "name",
    "-name",
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "year",
    "-year",
    "episode_count",
    "-episode_count",
    "missing_episodes",
    "-missing_episodes",
]
Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Plan(Schema):
    """Wanted languages in order. Without an order the configuration is followed."""

    model_config = ConfigDict(extra="forbid")

    order: list[LanguageName] = Field([], max_length=4)
    fallback: bool = True
    upgrade: bool = False


class ListQuery(Paging):
    """Which series, in which order."""

    q: Line = ""
    missing_only: bool = False
    status: Literal["ongoing", "completed", "unknown"] | None = None
    loading_status: LoadingName | None = None
    monitored: bool | None = None
    favorite: bool | None = None
    language: LanguageName | None = None
    provider: Key | None = None
    deleted: bool = False
    sort: Sort = "name"


class SearchBody(Schema):
    """What to look for."""

    query: Query


class FoundView(Schema):
    """A series at a catalogue."""

    key: str
    name: str
    link: str
    year: int | None
    description: str
    cover_url: str
    provider: str
    in_library: bool


class WarningView(Schema):
    """A catalogue that did not answer, or is switched off."""

    provider: str
    message: str
    code: str


class SearchView(Schema):
    """What was found, and by whom nothing could be found."""

    items: list[FoundView]
    warnings: list[WarningView]


class AddBody(Schema):
    """Which series: a link, or a catalogue's key with the catalogue's name."""

    link: Line = ""
    key: Annotated[str, StringConstraints(max_length=200)] = ""
    provider: Annotated[str, StringConstraints(max_length=64)] = ""
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    monitored: bool = True
    language_plan: Plan | None = None
    download: Literal["none", "missing"] = "none"


class PartsView(Answer):
    """Which parts are there."""

    episodes: bool
    nfo: bool
    logo: bool
    images: bool


class AddedView(Schema):
    """What was made at once; the rest comes in the background."""

    status: Literal["success"] = "success"
    message: str
    key: str
    folder: str
    db_id: int
    loading_status: LoadingName
    loading_progress: PartsView


class LoadingView(Schema):
    """How far the loading of a series is."""

    key: str
    loading_status: LoadingName
    progress: PartsView
    started_at: datetime | None
    completed_at: datetime | None
    message: str
    error: str | None


class ReloadBody(Schema):
    """What to load anew; `overwrite` replaces NFO files and pictures that somebody else made."""

    parts: list[Part] | None = Field(None, max_length=4)
    overwrite: bool = False


class ChangeBody(Schema):
    """What to change; what is absent stays."""

    monitored: bool | None = None
    language_plan: Plan | None = None
    folder: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None


class SummaryView(Answer):
    """A series as lists show it."""

    key: str
    name: str
    provider: str
    site: str
    folder: str
    year: int | None
    description: str
    status: str
    total_episodes: int
    cover_url: str
    alternative_titles: list[str]
    genres: list[str]
    tmdb_id: int | None
    tvdb_id: int | None
    imdb_id: str
    has_nfo: bool
    nfo_created_at: datetime | None
    nfo_updated_at: datetime | None
    loading_status: LoadingName
    loading_started_at: datetime | None
    loading_completed_at: datetime | None
    loading_error: str
    loading_progress: PartsView
    monitored: bool
    language_plan: dict[str, Any]
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    episode_count: int
    missing_episodes: int
    is_favorite: bool


class SeriesPage(Answer):
    """A page of the list."""

    items: list[SummaryView]
    total: int
    page: int
    limit: int


class FileView(Answer):
    """A file of an episode, its path below the library folder."""

    path: str
    language: str
    size: int
    duration_seconds: float | None
    quality: str


class EpisodeView(Answer):
    """An episode with what is known of it, on disk and in the queue."""

    id: int
    season: int
    episode: int
    title: str
    title_alt: str
    aired_on: date | None
    runtime_seconds: int | None
    languages: list[str]
    is_downloaded: bool
    download_date: datetime | None
    file_path: str | None
    file_size: int | None
    files: list[FileView]
    queue_status: str | None


class SeasonView(Answer):
    """A season; 0 holds specials and films."""

    season: int
    episode_count: int
    missing_episodes: int
    episodes: list[EpisodeView]


class DetailView(SummaryView):
    """A series in full."""

    seasons: list[SeasonView]
