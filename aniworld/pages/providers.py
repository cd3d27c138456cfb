"""Catalogues and hosts with their lights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from aniworld.pages.access import members
from providers.models import Provider

WINDOW = timedelta(hours=24)


def _with_figures() -> QuerySet[Provider]:
    recent = Q(requests__created_at__gte=timezone.now() - WINDOW)
    return (
        Provider.objects.select_related("status_record")
        .annotate(
            asked=Count("requests", filter=recent),
            answered=Count("requests", filter=recent & Q(requests__successful=True)),
            answer_time=Avg("requests__response_time_ms", filter=recent & Q(requests__successful=True)),
        )
        .order_by("-enabled", "priority", "display_name")
    )


def _light(provider: Provider) -> str:
    """The word of the light; one that is off or was never looked at has its own."""
    if not provider.enabled:
        return "off"
    record = getattr(provider, "status_record", None)
    if record and record.breaker == record.Breaker.OPEN and record.status == record.Status.ACTIVE:
        return "resting"
    return str(record.status) if record else "unknown"


def _shown() -> dict[str, Any]:
    cards: dict[str, list[dict[str, Any]]] = {Provider.Kind.CATALOGUE: [], Provider.Kind.HOST: []}
    for provider in _with_figures():
        asked, answered = getattr(provider, "asked", 0), getattr(provider, "answered", 0)
        rate = 100 * answered / asked if asked else None
        cards[provider.kind].append({"provider": provider, "light": _light(provider), "rate": rate})
    return {"catalogues": cards[Provider.Kind.CATALOGUE], "hosts": cards[Provider.Kind.HOST]}


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/providers.html", _shown())


@members
def part(request: HttpRequest) -> HttpResponse:
    """The cards."""
    return render(request, "parts/providers.html", _shown())
