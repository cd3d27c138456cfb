"""Short ways to the rows of providers."""

from __future__ import annotations

from django.utils import timezone

from providers import recording, registry
from providers.contracts import Source
from providers.models import Provider, ProviderStatus, RequestLog


def provider(name: str) -> Provider:
    return Provider.objects.get(name=name)


def status(name: str) -> ProviderStatus:
    return ProviderStatus.objects.get(provider__name=name)


def requests_of(name: str) -> list[RequestLog]:
    recording.flush()
    return list(RequestLog.objects.filter(provider__name=name).order_by("id"))


def demo_sources() -> tuple[Source, ...]:
    """Every source of one episode of the demo."""
    catalogue = registry.catalogue("demo")
    season = catalogue.details(catalogue.search("leuchtturm")[0].link).seasons[1]
    return catalogue.sources(catalogue.episodes(season)[0].link).sources


def rest_is_over(name: str) -> ProviderStatus:
    """As if the time had passed that an open breaker waits."""
    now = timezone.now()
    ProviderStatus.objects.filter(provider__name=name).update(open_until=now, next_probe_at=now)
    Provider.forget()
    return status(name)
