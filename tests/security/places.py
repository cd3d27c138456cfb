"""Every address that a browser can ask for: pages, parts, the administration, and the API's reading operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from aniworld.api import api
from aniworld.pages.urls import urlpatterns
from downloads.models import QueueItem
from integrations.qbittorrent import views
from library.models import Series
from providers.models import Provider

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|{(\w+)}")


def known() -> dict[str, Any]:
    """What addresses may name that is there, by the name that patterns have for it."""
    items = list(QueueItem.objects.values_list("pk", flat=True))
    return {
        "key": Series.objects.order_by("pk").values_list("key", flat=True)[2],
        "pk": items[0],
        "item_id": items[0],
        "season": 1,
        "number": 1,
        "episode": 1,
        "name": Provider.objects.values_list("name", flat=True)[0],
    }


def filled(pattern: str, values: dict[str, Any]) -> str:
    """The address of a pattern; what nothing is known of gets a word."""
    return PARAMETER.sub(lambda found: str(values.get(found[1] or found[2], "unknown")), pattern)


def pages() -> Iterator[str]:
    """The addresses of `aniworld.pages`; those of forms answer a GET as well, with 405."""
    values = known()
    for pattern in urlpatterns:
        yield "/" + filled(str(pattern.pattern), values)
    for section in ("general", "library", "downloads", "providers", "notifications", "integrations", "advanced"):
        yield f"/settings/{section}"


def integrations() -> Iterator[str]:
    """What other systems read."""
    for name in views.READING:
        yield f"/integrations/qbittorrent/api/v2/{name}"
    for function in ("caps", "search", "tvsearch"):
        yield f"/integrations/torznab/api?t={function}"


def administration() -> Iterator[str]:
    """Its index, and of every model the list, the form for a new one, and the pages of its first row."""
    yield "/admin/"
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        row = model._default_manager.first()
        for page in ("change", "delete", "history") if row else ():
            try:
                yield reverse(f"{name}_{page}", args=[row.pk])  # type: ignore[union-attr]  # there is a row
            except NoReverseMatch:
                continue


def readings() -> Iterator[str]:
    """The API's operations that change nothing."""
    values = known()
    for path, operations in api.get_openapi_schema()["paths"].items():
        if "get" in operations:
            yield filled(path, values)
