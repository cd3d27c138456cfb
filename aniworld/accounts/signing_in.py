"""The one way in with a password, for the API and the login page: throttled, locked after failures, even in time."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.accounts import throttling
from aniworld.accounts.addresses import counted_as
from aniworld.accounts.models import BrowserSession, Token, User
from aniworld.refusals import Refused

TRIES_A_MINUTE = 5


class WrongCredentials(Refused):
    """User name or password; which of them is not told."""

    status = 401
    code = "wrong_credentials"


def only_superuser() -> str:
    """The name of the only active superuser, or "" when there is none or more than one."""
    names = list(User.objects.filter(is_superuser=True, is_active=True).values_list("username", flat=True)[:2])
    return names[0] if len(names) == 1 else ""


def count_try(verb: str, address: str | None) -> None:
    """Raises `SlowDown` at the sixth `verb` from one address within a minute."""
    throttling.count(f"{verb} {counted_as(address)}", TRIES_A_MINUTE, timedelta(minutes=1))


def sign_in(address: str | None, username: str | None, password: str) -> User:
    """The user whose password this is; without a name the only superuser is meant.

    Raises `SlowDown` (too many tries of this address, or of this name from it) and `WrongCredentials`.
    """
    count_try("login", address)
    name = username or only_superuser()
    # Hashed, because people type their password into the field of the name.
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
    bucket = f"lock {counted_as(address)} {digest}"
    throttling.take_try(bucket)
    # For an unknown or inactive user Django hashes the password all the same: the time tells nothing.
    user = authenticate(username=name, password=password)
    if not isinstance(user, User):
        raise WrongCredentials(_("The user name or the password is wrong."))
    throttling.succeeded(bucket)
    return user


def live_tokens(user: User) -> QuerySet[Token]:
    """The tokens `user` can still act with."""
    return Token.objects.filter(user=user, is_active=True, expires_at__gt=timezone.now())


def prune_tokens() -> int:
    """Deletes tokens that ran out or were revoked, a day later; answers how many."""
    yesterday = timezone.now() - timedelta(days=1)
    expired = Token.objects.filter(expires_at__lt=yesterday)
    revoked = Token.objects.filter(is_active=False, updated_at__lt=yesterday)
    return expired.delete()[0] + revoked.delete()[0]


def prune_sessions() -> int:
    """Deletes browser sessions that ran out; answers how many."""
    return BrowserSession.objects.filter(expire_date__lt=timezone.now()).delete()[0]
