"""How the API makes and changes receivers: checked like by a form, saved whole or not at all, and written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from aniworld import audit
from aniworld.refusals import Conflict
from integrations.receiver import Receiver


class WrongFields(Exception):
    """What was sent can't be stored: a sentence for each field."""

    def __init__(self, messages: Mapping[str, list[str]]) -> None:
        super().__init__(", ".join(messages))
        self.messages = messages


def save(row: Receiver, values: Mapping[str, Any], *, by: str, secrets: tuple[str, ...]) -> None:
    """Gives `row` these values and stores it, also as a new one. Raises `WrongFields` and `Conflict`."""
    is_new = row.pk is None
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        if any(one.code == "unique" for one in error.error_dict.get("name", ())):
            raise _taken() from None
        raise WrongFields(error.message_dict) from None
    try:
        with transaction.atomic(), _recorded(row, tuple(values), by, is_new=is_new, secrets=secrets):
            row.save(**({} if is_new else {"update_fields": [*values, "updated_at"]}))
    except IntegrityError:
        raise _taken() from None


def delete(row: Receiver, *, by: str) -> None:
    """Forgets it and what it was told."""
    with transaction.atomic():
        audit.record(by, "api", "deleted", _subject(row))
        row.delete()


def _recorded(row: Receiver, names: tuple[str, ...], by: str, *, is_new: bool, secrets: tuple[str, ...]) -> Any:
    def look() -> dict[str, Any]:
        stored = type(row)._default_manager.filter(pk=row.pk).values(*names).first() if row.pk else None
        return dict(stored or {})

    return audit.compared(look, by, "api", "added" if is_new else "changed", _subject(row), secrets)


def _taken() -> Conflict:
    return Conflict(_("There is one of this name already."), "name_taken")


def _subject(row: Receiver) -> str:
    return f"{row._meta.verbose_name} {row}"
