"""What the accounts do regularly."""

from __future__ import annotations

from aniworld.accounts import signing_in, throttling


def prune() -> str:
    """Deletes tokens that open nothing any more, counts that lock nobody, and sessions that ran out."""
    sessions = signing_in.prune_sessions()
    return f"{signing_in.prune_tokens()} tokens, {throttling.prune()} counts and {sessions} sessions deleted"
