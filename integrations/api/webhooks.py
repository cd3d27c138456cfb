"""`/api/integrations/webhooks`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import AfterValidator, Field

from aniworld.accounts.authentication import admin_only, user_of
from aniworld.api_types import Paging, Problem, RowId
from aniworld.api_types import page as page_of
from aniworld.refusals import Conflict, NotThere
from integrations import changing
from integrations.api.receivers import Address, Health, ReceiverName, ReceiverTested, Secret, found, health, saved, told
from integrations.webhooks import delivering
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.occurrences import EVENTS, USUAL

router = Router(tags=["integrations"], auth=admin_only)
_SECRETS = ("secret", "address")
Format = Literal["json", "discord", "slack"]


def _known(name: str) -> str:
    if name not in EVENTS:
        raise ValueError(f"there is no such event; known are {', '.join(EVENTS)}")
    return name


EventName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(EVENTS)})]
Events = list[EventName]


class WebhookIn(Schema):
    """A new webhook: where to, in which format, of which events; `secret` signs."""

    name: ReceiverName
    address: Address
    format: Format = "json"
    secret: Secret = ""
    events: Events = Field(default_factory=lambda: list(USUAL), min_length=1, max_length=len(EVENTS))
    enabled: bool = True


class WebhookChange(Schema):
    """What is named changes; an empty `secret` removes it."""

    name: ReceiverName = ""
    address: Address = ""
    format: Format = "json"
    secret: Secret = ""
    events: Events = Field(default_factory=list, min_length=1, max_length=len(EVENTS))
    enabled: bool = True


class WebhookOut(Health):
    """A webhook; of its address only host and port, and whether there is a secret."""

    id: int
    name: str
    place: str
    format: str
    secret: bool
    events: list[str]


class TryOut(Schema):
    """One try, and what was answered."""

    at: str
    status: int | None
    milliseconds: int
    reason: str
    answer: str


class DeliveryOut(Schema):
    """A delivery with its tries; `key` is what the receiver knows it by."""

    id: int
    key: UUID
    event: str
    event_id: int | None
    happened_at: datetime
    state: str
    attempts: int
    reason: str
    sent_at: datetime | None
    next_attempt_at: datetime | None
    tries: list[TryOut]


class DeliveryPage(Schema):
    """A page of them, newest first."""

    items: list[DeliveryOut]
    total: int
    page: int
    limit: int


@router.get("", response=list[WebhookOut])
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """All webhooks."""
    return [_shown(row) for row in Webhook.objects.all()]


@router.post("", response={201: WebhookOut, 409: Problem})
def add(request: HttpRequest, body: WebhookIn) -> Status[dict[str, Any]]:
    """Adds one; it is sent what happens from now on."""
    # What was not named is stored as well.
    whole = WebhookIn.model_validate(body.model_dump())
    return Status(201, _shown(saved(request, Webhook(), whole, _SECRETS)))


@router.get("/{webhook_id}", response={200: WebhookOut, 404: Problem})
def one(request: HttpRequest, webhook_id: RowId) -> dict[str, Any]:
    """One of them."""
    return _shown(_found(webhook_id))


@router.patch("/{webhook_id}", response={200: WebhookOut, 404: Problem, 409: Problem})
def change(request: HttpRequest, webhook_id: RowId, body: WebhookChange) -> dict[str, Any]:
    """Changes what is named; switched on again, what it failed before is forgiven."""
    return _shown(saved(request, _found(webhook_id), body, _SECRETS))


@router.delete("/{webhook_id}", response={204: None, 404: Problem})
def remove(request: HttpRequest, webhook_id: RowId) -> Status[None]:
    """Forgets it, and its deliveries."""
    changing.delete(_found(webhook_id), by=user_of(request).get_username())
    return Status(204, None)


@router.post("/{webhook_id}/test", response={200: ReceiverTested, 404: Problem})
def test(request: HttpRequest, webhook_id: RowId) -> dict[str, Any]:
    """Sends a test message, and waits for the answer."""
    return told(delivering.try_out(_found(webhook_id)))


@router.get("/{webhook_id}/deliveries", response={200: DeliveryPage, 404: Problem})
def deliveries(request: HttpRequest, webhook_id: RowId, asked: Query[Paging]) -> dict[str, Any]:
    """What it was sent, and will be, with what was answered."""
    return page_of(_found(webhook_id).deliveries.order_by("-id"), asked.page, asked.limit, _delivery)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/send-again", response={202: DeliveryOut, 404: Problem, 409: Problem}
)
def send_again(request: HttpRequest, webhook_id: RowId, delivery_id: RowId) -> Status[dict[str, Any]]:
    """Sends it once more, whatever came of it, and tries for a day."""
    row = _found(webhook_id).deliveries.filter(pk=delivery_id).first()
    if row is None:
        raise NotThere(_("There is no delivery of this number."))
    if not row.send_again():
        raise Conflict(_("It is being sent at this moment."), "being_sent")
    row.refresh_from_db()
    return Status(202, _delivery(row))


def _found(pk: int) -> Webhook:
    return found(Webhook, pk, _("There is no webhook of this number."))


def _shown(row: Webhook) -> dict[str, Any]:
    names = ("id", "name", "place", "format", "events")
    return {**{name: getattr(row, name) for name in names}, **health(row), "secret": bool(row.secret)}


def _delivery(row: Delivery) -> dict[str, Any]:
    names = ("id", "key", "event", "event_id", "happened_at", "state", "attempts", "reason", "sent_at", "tries")
    waits = row.state == Delivery.State.WAITING
    return {**{name: getattr(row, name) for name in names}, "next_attempt_at": row.next_attempt_at if waits else None}
