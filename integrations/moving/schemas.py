"""What `/api/imports` takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from aniworld.api_types import Line, Number
from integrations.moving.models import ImportLine, ImportRun
from integrations.moving.texts import LARGEST_FILE
from library.schemas import Plan

State = Literal[
    "waiting", "matched", "unclear", "unmatched", "unreachable", "there", "duplicate", "wrong", "done", "failed"
]


Mode = Literal["move", "copy", "hardlink"]


class Options(Schema):
    """What holds for the whole import; null leaves it to each line, or to the configuration."""

    model_config = ConfigDict(extra="forbid")

    language_plan: Plan | None = None
    monitored: bool | None = None
    download: bool | None = None
    mode: Annotated[Mode | None, Field(description="Of a folder: how files come over.")] = None
    language: Annotated[Line | None, Field(description="Of a folder: what a file that names none is in.")] = None


class ImportBody(Schema):
    """What is brought: `text` for links, `address` and `api_key` for sonarr, `folder` for folder."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["links", "sonarr", "folder"]
    text: Annotated[str, StringConstraints(max_length=LARGEST_FILE)] = ""
    address: Line = ""
    api_key: Annotated[str, StringConstraints(max_length=200)] = Field("", description="Written, never read back.")
    folder: Line = ""
    options: Options = Options()


class LineBody(Schema):
    """What a person decides of a line."""

    model_config = ConfigDict(extra="forbid")

    choice: Number | None = None
    chosen: bool | None = None
    link: Line = ""


class ImportCandidateView(Schema):
    """A series that a line may mean."""

    provider: str = ""
    slug: str = ""
    link: str = ""
    name: str = ""
    year: int | None = None
    score: float = 0


class LineView(Schema):
    """A line; `choice` is the number of the candidate that it is taken for, `target` the name that a file gets."""

    number: int
    text: str
    state: State
    chosen: bool
    reason: str
    candidates: list[ImportCandidateView]
    choice: int | None
    target: str
    series_key: str

    @staticmethod
    def resolve_candidates(line: ImportLine) -> list[dict[str, Any]]:
        """Of a row, as far as it is one."""
        return [one for one in line.candidates or [] if isinstance(one, dict)]


class RunView(Schema):
    """An import. `counts` says how many lines are in each state."""

    id: int
    kind: Literal["links", "sonarr", "folder"]
    status: Literal["looking", "ready", "applying", "completed", "failed", "cancelled"]
    title: str
    place: str
    options: dict[str, Any]
    requested_by: str
    error: str
    progress_id: str
    created_at: datetime
    ended_at: datetime | None
    counts: dict[str, int]


class ReportView(Schema):
    """How each line ended."""

    id: int
    status: str
    counts: dict[str, int]
    lines: list[dict[str, Any]]


def run_view(run: ImportRun, counts: dict[str, int] | None = None) -> dict[str, Any]:
    """A run as it is answered."""
    names = ("kind", "status", "title", "place", "options", "requested_by", "error", "progress_id")
    told = {name: getattr(run, name) for name in (*names, "created_at", "ended_at")}
    if counts is None:
        counts = ImportLine.objects.filter(run=run).counts()
    return {"id": run.pk, **told, "counts": counts}
