"""`/api/undo`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from aniworld.accounts.authentication import signed_in, user_of
from aniworld.api_types import Key
from downloads import undo
from downloads.api import schemas

router = Router(tags=["undo"], auth=signed_in)


@router.post("/{undo_id}", response=schemas.UndoneOut)
def take_back(request: HttpRequest, undo_id: Key) -> dict[str, Any]:
    """Takes back a removal, a clearing or a reorder; 410 when it is too late."""
    return undo.undo(undo_id, user_of(request))
