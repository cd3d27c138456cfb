"""Who calls from another system: the key or token in the request, in whichever place its protocol puts it."""

from __future__ import annotations

from aniworld.accounts.models import ApiKey
from aniworld.accounts.tokens import Principal, verify

# An API key as long as this is none: nothing is hashed for whoever sends megabytes.
_LONGEST = 500


def holder(text: str) -> Principal | None:
    """Whom a token or key belongs to; None for one that opens nothing."""
    return verify(text.strip()) if 0 < len(text) <= _LONGEST else None


def may_queue(principal: Principal) -> bool:
    """Whether the credential reaches as far as the queue."""
    return principal.scope in (ApiKey.Scope.QUEUE, ApiKey.Scope.ADMIN)
