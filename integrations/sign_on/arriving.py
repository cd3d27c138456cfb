"""Somebody comes from the provider, proved: who that is here, made at first sight, and in which role."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from aniworld.accounts import vouching
from aniworld.accounts.models import User
from aniworld.environment_sign_on import OpenIdProvider, Role
from integrations.sign_on.models import OpenIdAccount

logger = logging.getLogger(__name__)
SOURCE = "OpenID"

Claims = Mapping[str, Any]


def values_of(claims: Claims, path: str) -> list[str]:
    """What the claim at `path` holds, as a list of texts; of an object its names. Nothing when there is none."""
    found: Any = claims
    for name in [path] if path in claims else path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return [found]
    if isinstance(found, Iterable):
        return [value for value in found if isinstance(value, str)]
    return []


def roles_of(id_claims: Claims, user_claims: Claims, path: str) -> list[str]:
    """The role claim's values: of the signed token, else of what the provider tells about the user."""
    return values_of(id_claims, path) or values_of(user_claims, path)


def arrive(provider: OpenIdProvider, issuer: str, claims: Claims, values: list[str]) -> User:
    """The user to be signed in. Raises `NotLetIn`. `claims` name the person, `values` say the role."""
    role = provider.rule.role(values)
    account = OpenIdAccount.found(issuer, claims["sub"])
    if account is None:
        account = _first_sight(provider, issuer, claims, role)
    user = account.user
    vouching.demand_active(user)
    if role is None:
        # The provider says no from now on: what began with its yes ends.
        user.sign_out_everywhere()
        raise vouching.refuse_role()
    vouching.apply(user, role, provider.rule, SOURCE)
    account.seen(_shown(claims))
    return user


def _first_sight(provider: OpenIdProvider, issuer: str, claims: Claims, role: Role | None) -> OpenIdAccount:
    if not User.objects.exists():
        # The first user is the one whom the setup makes, or nobody could ever administer.
        raise vouching.refuse_before_setup()
    if role is None:
        raise vouching.refuse_role()
    if not provider.auto_create:
        logger.warning("Nobody here belongs to the account %s of %s", claims["sub"], issuer)
        raise vouching.refuse_unknown()
    try:
        with transaction.atomic():
            user = vouching.make_with_free_name(_wanted_name(claims), role, SOURCE)
            return OpenIdAccount.of(issuer, claims["sub"], user)
    except IntegrityError:
        # Twice at the same moment: whoever was first made it.
        account = OpenIdAccount.found(issuer, claims["sub"])
        if account is None:
            raise
        return account


def _wanted_name(claims: Claims) -> str:
    """What the provider calls the person. It only names a new user: no user that exists is ever found by it."""
    for name in ("preferred_username", "nickname", "email", "name"):
        text = claims.get(name)
        if isinstance(text, str) and text.strip():
            return text.partition("@")[0] if name == "email" else text
    return "user"


def _shown(claims: Claims) -> str:
    texts = [claims.get(name) for name in ("name", "preferred_username", "email")]
    return next((text for text in texts if isinstance(text, str) and text), "").replace("\x00", "")
