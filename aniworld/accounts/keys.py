"""API keys as people make and delete them: written into the log of changes, whichever way it is done."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld import audit
from aniworld.accounts import tokens
from aniworld.accounts.models import ApiKey, User
from aniworld.refusals import Conflict, Invalid, NotThere


def make(
    user: User, name: str, scope: str, expires_at: datetime | None = None, *, by: str, via: str
) -> tuple[ApiKey, str]:
    """A new key that acts for `user`, and its text, which nothing can tell again.

    Raises `Invalid` for an end in the past and `Conflict` when the name is taken.
    """
    demand_later(expires_at)
    try:
        with transaction.atomic():
            key, text = tokens.create_key(user, name, scope, expires_at)
            ends = {"expires_at": (None, expires_at)} if expires_at else {}
            audit.record(by, via, "made", f"API key {name}", {"scope": (None, scope), **ends})
    except IntegrityError:
        raise Conflict(_("There is an API key of this name already.")) from None
    return key, text


def demand_later(expires_at: datetime | None) -> None:
    """Raises `Invalid` for an end in the past."""
    if expires_at and expires_at <= timezone.now():
        raise Invalid(_("The key would have expired already. Choose a later time."))


def delete(key: ApiKey | None, *, by: str, via: str) -> None:
    """Deletes a key; it opens nothing from then on. Raises `NotThere` when there is none, or no more."""
    with transaction.atomic():
        if key is None or not ApiKey.objects.filter(pk=key.pk).delete()[0]:
            raise NotThere(_("There is no such API key."))
        audit.record(by, via, "deleted", f"API key {key.name}", {"scope": (key.scope, None)})
