"""Proves an ID token: signed by the provider, for us, for this very sign-in, and now (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import secrets
from typing import Any

import jwt

from integrations.sign_on.discovery import ALGORITHMS

# Clocks differ.
LEEWAY_SECONDS = 60


class WrongToken(Exception):
    """The token proves nothing. The text is for the log and holds nothing of the token."""


def claims_of(token: object, keys: list[jwt.PyJWK], issuer: str, client_id: str) -> dict[str, Any]:
    """What a signed token says. Raises `WrongToken`."""
    if not isinstance(token, str):
        raise WrongToken("the provider sent no ID token")
    try:
        key = _key(token, keys)
        found: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=list(ALGORITHMS),
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise WrongToken(f"the ID token is refused: {type(error).__name__}") from None
    if not isinstance(found["sub"], str) or not 0 < len(found["sub"]) <= 255 or "\x00" in found["sub"]:
        raise WrongToken("the ID token names nobody")
    if found.get("azp", client_id) != client_id:
        raise WrongToken("the ID token was made for another client")
    return found


def demand_nonce(claims: dict[str, Any], nonce: object) -> None:
    """Raises `WrongToken` for a token that was made for another sign-in."""
    given = claims.get("nonce")
    if not isinstance(nonce, str) or not isinstance(given, str):
        raise WrongToken("the ID token has no nonce")
    if not secrets.compare_digest(given.encode(), nonce.encode()):
        raise WrongToken("the ID token has another nonce")


def demand_same(claims: dict[str, Any], told: dict[str, Any]) -> None:
    """Raises `WrongToken` when what the provider tells about the user is about somebody else (Core 5.3.2)."""
    if told and told.get("sub") != claims["sub"]:
        raise WrongToken("the provider told about another user than the ID token's")


def _key(token: str, keys: list[jwt.PyJWK]) -> jwt.PyJWK:
    name = jwt.get_unverified_header(token).get("kid")
    if name is None and len(keys) == 1:
        return keys[0]
    found = next((key for key in keys if key.key_id == name), None)
    if found is None:
        raise WrongToken("the ID token names a key that the provider does not have")
    return found
