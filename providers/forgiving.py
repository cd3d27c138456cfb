"""A provider is given another chance."""

from __future__ import annotations

from providers import health
from providers.models import Provider, ProviderStatus


def reset(row: Provider) -> None:
    """Closes its breaker, and forgets its failures and everything measured; the next check tells anew how it is."""
    ProviderStatus.objects.get_or_create(provider=row)[0].reset()
    health.reset(row.name)
