"""What the operations of all receivers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema
from ninja.errors import ValidationError
from pydantic import StringConstraints

from aniworld.accounts.authentication import user_of
from aniworld.api_types import Line, Tested
from aniworld.refusals import NotThere
from integrations import changing
from integrations.outgoing import Outcome
from integrations.receiver import Receiver

R = TypeVar("R", bound=Receiver)

ReceiverName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x20\x7f]+$")]
Secret = Annotated[Line, StringConstraints(max_length=200)]


class Health(Schema):
    """How telling it goes."""

    enabled: bool
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_error: str
    failing_since: datetime | None


class ReceiverTested(Tested):
    """What came of it at a receiver: `about` is what the other side calls itself."""

    about: str
    status: int | None
    milliseconds: int


def found(model: type[R], pk: int, absent: str) -> R:
    """The row. Raises `NotThere` with the sentence `absent`."""
    row = model._default_manager.filter(pk=pk).first()
    if row is None:
        raise NotThere(absent)
    return row


def saved(request: HttpRequest, row: R, body: Schema, secrets: tuple[str, ...]) -> R:
    """Stores what the body names. Raises ninja's `ValidationError`, and `Conflict`."""
    values = body.model_dump(exclude_unset=True)
    try:
        changing.save(row, values, by=user_of(request).get_username(), secrets=secrets)
    except changing.WrongFields as wrong:
        raise ValidationError(_problems(wrong.messages)) from None
    return row


def told(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the API tells it."""
    words = "" if outcome.ok else outcome.reason or _("It did not take the message.")
    return {
        "ok": outcome.ok,
        "reason": words,
        "about": outcome.about,
        "status": outcome.status,
        "milliseconds": outcome.milliseconds,
    }


def health(row: Receiver) -> dict[str, Any]:
    """How telling it goes."""
    return {name: getattr(row, name) for name in Health.model_fields}


def _problems(messages: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"loc": ["body", *([] if name == "__all__" else [name])], "msg": text, "type": "invalid"}
        for name, texts in messages.items()
        for text in texts
    ]
