"""`/api/integrations/media-servers`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status

from aniworld.accounts.authentication import admin_only, user_of
from aniworld.api_types import Line, Paging, Problem, RowId
from aniworld.api_types import page as page_of
from aniworld.refusals import Invalid
from integrations import changing
from integrations.api.receivers import Address, Health, ReceiverName, ReceiverTested, Secret, found, health, saved, told
from integrations.media_servers import telling
from integrations.media_servers.models import MediaServer, Notice, key_wanted

router = Router(tags=["integrations"], auth=admin_only)
_SECRETS = ("secret",)
Kind = Literal["jellyfin", "emby", "plex", "kodi"]


class ServerIn(Schema):
    """A new media server. `library_folder`: what our library folder is called there; empty: the same."""

    name: ReceiverName
    kind: Kind
    address: Address
    username: Secret = ""
    secret: Secret = ""
    library_folder: Line = ""
    enabled: bool = True


class ServerChange(Schema):
    """What is named changes; an empty `secret` removes it."""

    name: ReceiverName = ""
    kind: Kind = "jellyfin"
    address: Address = ""
    username: Secret = ""
    secret: Secret = ""
    library_folder: Line = ""
    enabled: bool = True


class ServerOut(Health):
    """A media server; `secret` says whether there is one."""

    id: int
    name: str
    kind: str
    address: str
    username: str
    secret: bool
    library_folder: str


class CallOut(Schema):
    """A call that was made or will be."""

    id: int
    folder: str
    change: str
    state: str
    attempts: int
    reason: str
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None


class CallPage(Schema):
    """A page of them, newest first."""

    items: list[CallOut]
    total: int
    page: int
    limit: int


@router.get("", response=list[ServerOut])
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """All media servers."""
    return [_shown(row) for row in MediaServer.objects.all()]


@router.post("", response={201: ServerOut, 409: Problem})
def add(request: HttpRequest, body: ServerIn) -> Status[dict[str, Any]]:
    """Adds one; it is told from now on."""
    # What was not named is stored as well.
    whole = ServerIn.model_validate(body.model_dump())
    return Status(201, _shown(saved(request, MediaServer(), whole, _SECRETS)))


@router.get("/{server_id}", response={200: ServerOut, 404: Problem})
def one(request: HttpRequest, server_id: RowId) -> dict[str, Any]:
    """One of them."""
    return _shown(_found(server_id))


@router.patch("/{server_id}", response={200: ServerOut, 404: Problem, 409: Problem})
def change(request: HttpRequest, server_id: RowId, body: ServerChange) -> dict[str, Any]:
    """Changes what is named; at another address only together with the key."""
    row, named = _found(server_id), body.model_dump(exclude_unset=True)
    if "secret" not in named and row.would_hand_out_key(named.get("address", row.address)):
        raise Invalid(key_wanted(), "secret_needed")
    return _shown(saved(request, row, body, _SECRETS))


@router.delete("/{server_id}", response={204: None, 404: Problem})
def remove(request: HttpRequest, server_id: RowId) -> Status[None]:
    """Forgets it, and its calls."""
    changing.delete(_found(server_id), by=user_of(request).get_username())
    return Status(204, None)


@router.post("/{server_id}/test", response={200: ReceiverTested, 404: Problem})
def test(request: HttpRequest, server_id: RowId) -> dict[str, Any]:
    """Asks it who it is, with its key, and waits for the answer."""
    return told(telling.try_out(_found(server_id)))


@router.get("/{server_id}/calls", response={200: CallPage, 404: Problem})
def calls(request: HttpRequest, server_id: RowId, asked: Query[Paging]) -> dict[str, Any]:
    """What it was told, and will be."""
    return page_of(_found(server_id).notices.order_by("-id"), asked.page, asked.limit, _call)


def _found(pk: int) -> MediaServer:
    return found(MediaServer, pk, _("There is no media server of this number."))


def _shown(row: MediaServer) -> dict[str, Any]:
    names = ("id", "name", "kind", "address", "username", "library_folder")
    return {**{name: getattr(row, name) for name in names}, **health(row), "secret": bool(row.secret)}


def _call(row: Notice) -> dict[str, Any]:
    names = ("id", "folder", "change", "state", "attempts", "reason", "created_at", "sent_at")
    waits = row.state == Notice.State.WAITING
    return {**{name: getattr(row, name) for name in names}, "next_attempt_at": row.next_attempt_at if waits else None}
