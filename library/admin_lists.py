"""What the lists of this app's admin share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from aniworld.refusals import Refused


def link_to(list_name: str, text: object, **filters: object) -> SafeString:
    """A link into another list of the admin, filtered."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return format_html('<a href="{}?{}">{}</a>', reverse(f"admin:library_{list_name}_changelist"), query, text)


def for_each(request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object]) -> None:
    """Does it to every chosen row; says how many it went well for, and why not for the others."""
    done = 0
    for row in rows:
        try:
            act(row)
            done += 1
        except Refused as refusal:
            messages.error(request, str(refusal))
    if done:
        messages.success(request, ngettext("%d was changed.", "%d were changed.", done) % done)
