"""Bearer tokens and API keys: 256 random bits behind a readable prefix, of which only the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from aniworld.accounts.models import ApiKey, Token, User

TOKEN_MARK = "awt_"  # noqa: S105 - tells the kinds apart, it opens nothing
KEY_MARK = "awk_"
SHOWN = 12
_WRITE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Principal:
    """Who acts, and how far the credential reaches: `scope` is `admin` for whatever is no API key."""

    user: User
    scope: str = ApiKey.Scope.ADMIN
    token: Token | None = None
    api_key: ApiKey | None = None

    @property
    def is_admin(self) -> bool:
        """A staff user whose credential reaches that far."""
        return self.user.is_staff and self.scope == ApiKey.Scope.ADMIN


def new_secret(mark: str) -> str:
    """A new token or key."""
    return mark + secrets.token_urlsafe(32)


def hash_of(text: str) -> str:
    """What is stored of a token or key. Its 256 random bits need neither salt nor a slow hash."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def session_lifetime() -> timedelta:
    """How long a login lasts, asked of whoever `settings.SESSION_LIFETIME` names."""
    lifetime: timedelta = import_string(settings.SESSION_LIFETIME)()
    return lifetime


def issue(user: User, ip: str | None, user_agent: str) -> tuple[Token, str]:
    """A new token for `user`, and its text, which nothing can tell again."""
    text = new_secret(TOKEN_MARK)
    now = timezone.now()
    token = Token.objects.create(
        hash=hash_of(text),
        prefix=text[:SHOWN],
        user=user,
        ip_address=ip,
        user_agent=user_agent.replace("\x00", "")[:300],
        expires_at=now + session_lifetime(),
        last_activity=now,
    )
    return token, text


def create_key(user: User, name: str, scope: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A new API key for `user`, and its text. Raises IntegrityError when the name is taken."""
    text = new_secret(KEY_MARK)
    key = ApiKey.objects.create(
        name=name, hash=hash_of(text), prefix=text[:SHOWN], scope=scope, user=user, expires_at=expires_at
    )
    return key, text


def verify(text: str) -> Principal | None:
    """Whom a token or API key belongs to; None when it is unknown, revoked or expired, or its user inactive.

    One hash and one query whatever the text is, so that the time of the answer tells nothing.
    """
    digest = hash_of(text)
    return _of_key(digest) if text.startswith(KEY_MARK) else _of_token(digest)


def _of_token(digest: str) -> Principal | None:
    now = timezone.now()
    live = Token.objects.filter(hash=digest, is_active=True, expires_at__gt=now, user__is_active=True)
    token = live.select_related("user").first()
    if token is None:
        return None
    if token.last_activity < now - _WRITE_EVERY:
        Token.objects.filter(pk=token.pk, last_activity__lt=now - _WRITE_EVERY).update(last_activity=now)
    return Principal(token.user, token=token)


def _of_key(digest: str) -> Principal | None:
    now = timezone.now()
    live = ApiKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), hash=digest, user__is_active=True)
    key = live.select_related("user").first()
    if key is None:
        return None
    if key.last_used is None or key.last_used < now - _WRITE_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used=now)
    return Principal(key.user, scope=key.scope, api_key=key)
