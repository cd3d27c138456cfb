"""Who is at the other end of a socket, and whether that is still so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import get_user
from django.http import parse_cookie

from aniworld.live.origin import Headers, header


class Bearer(Protocol):
    """What `verify` answers for a good token or API key."""

    @property
    def user(self) -> Any:
        """The account."""

    @property
    def scope(self) -> str:
        """How far the credential reaches."""


Verify = Callable[[str], Bearer | None]
# Whom somebody trusted names in a connection's headers, and who answers whose name it is; None when nobody does.
Vouched = Callable[[dict[str, Any]], tuple[str, Verify] | None]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and the credential that proved it, which is asked for again while the socket is open."""

    user_id: int
    username: str
    scope: str
    credential: str = field(repr=False)
    verify: Verify | None = field(repr=False, default=None)


def by_token(text: str, verify: Verify) -> Identity | None:
    """Whose token or API key this is."""
    bearer = verify(text)
    if bearer is None:
        return None
    return Identity(bearer.user.pk, bearer.user.get_username(), bearer.scope, text, verify)


def by_connection(scope: dict[str, Any], vouched: Vouched) -> Identity | None:
    """Who opened it: whom somebody trusted names, else who the session cookie belongs to. The caller has looked at
    the origin.
    """
    named = vouched(scope)
    return by_token(*named) if named else by_session(scope["headers"])


def by_session(headers: Headers) -> Identity | None:
    """Who is signed in by the session cookie; the caller has looked at the origin."""
    cookies = parse_cookie(header(headers, b"cookie"))
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    # Anything else was never a key of ours, and a NUL would upset the database.
    return _of_session(key) if key.isalnum() else None


def still_valid(identity: Identity) -> bool:
    """Whether the credential still proves the same user: not revoked, not expired, the user active."""
    if identity.verify is not None:
        found = by_token(identity.credential, identity.verify)
    else:
        found = _of_session(identity.credential)
    return found is not None and found.user_id == identity.user_id


def _of_session(key: str) -> Identity | None:
    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    # Django's own check, for which a request is something with a session: backend, password hash, active user.
    user = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
    if not user.is_authenticated or user.pk is None:
        return None
    return Identity(user.pk, user.get_username(), "admin", key)
