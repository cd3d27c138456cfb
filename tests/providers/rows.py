"""Short ways to the rows of providers."""

from __future__ import annotations

from providers.models import Provider, ProviderStatus, RequestLog


def provider(name: str) -> Provider:
    return Provider.objects.get(name=name)


def status(name: str) -> ProviderStatus:
    return ProviderStatus.objects.get(provider__name=name)


def requests_of(name: str) -> list[RequestLog]:
    return list(RequestLog.objects.filter(provider__name=name).order_by("id"))
