"""`/api/undo`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from aniworld.accounts.authentication import signed_in, user_of
from aniworld.api_types import Key, Problem
from downloads import undo
from downloads.api import schemas

router = Router(tags=["undo"], auth=signed_in)


@router.post("/{undo_id}", response={200: schemas.UndoneOut, 409: Problem, 410: Problem})
def take_back(request: HttpRequest, undo_id: Key) -> dict[str, Any]:
    """Takes back a removal, a clearing or a reorder; 410 when it is too late."""
    undone = undo.undo(undo_id, user_of(request))
    return {"status": "ok", "action": undone.action, "restored": undone.restored, "redo_id": undone.redo_id or None}
