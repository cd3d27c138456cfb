"""Links from one page of the admin to another."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def to_row(page: str, pk: object, text: object) -> SafeString:
    """A link to one row; `page` is app and model, such as library_series."""
    return format_html('<a class="to" href="{}">{}</a>', reverse(f"admin:{page}_change", args=[quote(str(pk))]), text)


def to_list(page: str, text: object, **filters: object) -> SafeString:
    """A link into a list, filtered."""
    return format_html('<a class="to" href="{}">{}</a>', address_of_list(page, **filters), text)


def address_of_list(page: str, **filters: object) -> str:
    """Where a filtered list is."""
    query = f"?{urlencode(filters)}" if filters else ""
    return f"{reverse(f'admin:{page}_changelist')}{query}"


def named(*links: SafeString | str) -> SafeString:
    """Several links in a row."""
    return SafeString(" · ".join(link for link in links if link) or "–")
