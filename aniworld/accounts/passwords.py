"""Changing one's own password: it ends every other session and token, and guessing the present one is locked."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import audit
from aniworld.accounts import throttling
from aniworld.accounts.models import Token, User


def demand(user: User, present: str, new: str) -> None:
    """Raises Django's `ValidationError` with everything that is wrong, under `current_password` and `new_password`.

    Raises `SlowDown` after five wrong tries at the present one.
    """
    bucket = f"password {user.pk}"
    throttling.take_try(bucket)
    wrong: dict[str, list[str]] = {}
    if not user.check_password(present):
        wrong["current_password"] = [_("The present password is wrong.")]
    else:
        throttling.succeeded(bucket)
    try:
        validate_password(new, user)
    except ValidationError as error:
        wrong["new_password"] = error.messages
    if wrong:
        raise ValidationError(wrong)


def change(user: User, present: str, new: str, *, via: str, keep: Token | None = None) -> None:
    """Gives `user` the password `new` and ends all sessions and tokens but `keep`. Raises what `demand` does."""
    demand(user, present, new)
    user.set_password(new)
    with transaction.atomic():
        user.save()
        if keep:
            keep.keep()
        audit.record(user.get_username(), via, "changed the password", f"user {user.get_username()}")
