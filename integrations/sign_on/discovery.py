"""What an OpenID provider says of itself and its keys, asked through the product's own guarded client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.environment_sign_on import OpenIdProvider
from providers.exceptions import PageNotUnderstood, ProviderError
from providers.http import Client, Policy

SECONDS = 10.0
# Signatures by a public key. With a shared secret (HS256) whoever may check a token could write one as well.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")


def configured() -> OpenIdProvider:
    """The one of the environment; what asks is mounted only when there is one."""
    found: OpenIdProvider | None = settings.OPENID_PROVIDER
    if found is None:
        raise LookupError("OIDC_ISSUER is not set")
    return found


def client() -> Client:
    """One try each; the person who signs in tries again."""
    allowed = frozenset(settings.ALLOWED_PRIVATE_HOSTS)
    return Client(Policy(timeout=SECONDS, retries=1, allowed_private_hosts=allowed))


def address(issuer: str) -> str:
    """Where the provider describes itself."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def read(asked: Client, issuer: str) -> dict[str, Any]:
    """The provider's description of itself. Raises `ProviderError` for none, or for somebody else's."""
    found = asked.json(address(issuer))
    if not isinstance(found, dict):
        raise PageNotUnderstood(_("The provider's description of itself is none."))
    named = found.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        facts = {"named": str(named)[:200], "issuer": issuer}
        raise PageNotUnderstood(_("The provider calls itself %(named)s, and OIDC_ISSUER is %(issuer)s.") % facts)
    missing = [name for name in _ENDPOINTS if not isinstance(found.get(name), str)]
    if missing:
        raise PageNotUnderstood(_("The provider's description lacks: %s") % ", ".join(missing))
    return found


def keys(asked: Client, description: Mapping[str, Any]) -> list[jwt.PyJWK]:
    """The provider's public keys. Raises `ProviderError` when there is none that can be used."""
    try:
        found = jwt.PyJWKSet.from_dict(asked.json(description["jwks_uri"])).keys
    except ProviderError:
        raise
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError, KeyError):
        raise PageNotUnderstood(_("The provider's list of keys can't be read.")) from None
    usable = [key for key in found if key.key_type != "oct" and key.public_key_use in (None, "sig")]
    if not usable:
        raise PageNotUnderstood(_("The provider has no public key that signs."))
    return usable
