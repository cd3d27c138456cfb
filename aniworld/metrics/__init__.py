"""`/metrics`: numbers in Prometheus' text format, read from the database at the moment of asking. docs/metrics.md.

Any web process answers for the whole installation; only what it served itself (`aniworld_http_…`) is its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from aniworld.accounts.addresses import address_of, client_address, has_forwarded, is_loopback
from aniworld.accounts.authentication import identify
from aniworld.metrics import families, http


class DatabaseCollector(Collector):
    """Reads the numbers when they are asked for, in a constant number of queries."""

    def collect(self) -> Iterable[Metric]:
        """All families."""
        for family in families.ALL:
            yield from family()


def text() -> bytes:
    """Everything, in Prometheus' format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseCollector())
    return generate_latest(registry) + generate_latest(http.REGISTRY)


def _is_local(request: HttpRequest) -> bool:
    """Asked from this machine, and not through a proxy on it that nobody declared trusted."""
    peer = client_address(request.META.get("REMOTE_ADDR") or "")
    client = address_of(request)
    undeclared = client == peer and has_forwarded(request)
    return is_loopback(client) and not undeclared


def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, for this machine or with an API key."""
    if not _is_local(request) and identify(request) is None:
        return JsonResponse({"detail": _("An API key is needed."), "code": "unauthorized"}, status=401)
    return HttpResponse(text(), content_type=CONTENT_TYPE_LATEST)
