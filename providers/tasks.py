"""What workers do for the providers."""

from __future__ import annotations

from aniworld.configuration import store
from providers.models import RequestLog


def prune() -> str:
    """Deletes requests that are older than `providers.history_days`."""
    return f"{RequestLog.prune(store.current().providers.history_days)} requests deleted"
