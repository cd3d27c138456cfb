"""What `/api/anime/{key}` tells and does about the files of a series: the matrix of languages, and renaming."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict

from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import Answer, Key, Problem
from downloads import renames
from downloads.matrix import matrix
from library import catalog

router = Router(tags=["anime"], auth=signed_in)


class CellOut(Answer):
    """One episode in one language."""

    at_catalogue: bool
    seen_at: str | None
    on_disk: bool
    file_path: str | None
    file_size: int | None
    queue_status: str | None
    queue_item: int | None
    progress_percent: float | None


class RowOut(Answer):
    """One episode."""

    season: int
    episode: int
    title: str
    languages: dict[str, CellOut]


class CoverageOut(Answer):
    """How many episodes there are in one language."""

    at_catalogue: int
    on_disk: int
    queued: int


class MatrixOut(Answer):
    """Episode × language."""

    key: str
    languages: list[str]
    wanted: list[str]
    episodes: list[RowOut]
    coverage: dict[str, CoverageOut]


class RenameIn(Schema):
    """Whether to do it, or only to tell what would be done."""

    model_config = ConfigDict(extra="forbid")

    apply: bool = False


class MoveOut(Answer):
    """A file's path below the library before and after; `problem` says why it can't be moved."""

    old: str
    new: str
    problem: str | None


class RenamedOut(Answer):
    """What would be, or was, renamed. `undo_id` takes it back."""

    applied: bool
    undo_id: str | None
    moves: list[MoveOut]
    failed: list[MoveOut]


@router.get("/{key}/matrix", response=MatrixOut)
def show_matrix(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Every episode in every language: at the catalogue, on disk, queued."""
    return matrix(catalog.find(key))


@router.post("/{key}/rename", response={200: RenamedOut, 409: Problem}, auth=admin_only)
def rename(request: HttpRequest, key: Key, body: RenameIn | None = None) -> dict[str, Any]:
    """The names that the template asks for; with `apply` they are given."""
    return renames.rename(catalog.find(key), apply=bool(body and body.apply), by=user_of(request))
