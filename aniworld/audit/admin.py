"""The log of administrative changes, to look at."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.counting import BoundedPaginator
from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.models import Change
from aniworld.templatetags.quantities import ago

_LISTED = 3


@admin.register(Change)
class ChangeAdmin(ReadOnly):
    about = _("Who changed what in the administration, with the old and the new value. Kept for a year.")
    when_empty = _("As soon as somebody changes a setting, a provider, a user or a key, it stands here.")
    list_display = ("when", "who", "what", "action", "via", "brief")
    list_display_links = ("when", "what")
    list_filter = ("via", "by", "action")
    search_fields = ("by", "subject", "action")
    date_hierarchy = "at"
    paginator = BoundedPaginator
    fields = readonly_fields = ("at", "who", "via", "action", "subject", "difference")

    @display(description=_("time"), ordering="at")
    def when(self, change: Change) -> str:
        return ago(change.at)

    @display(description=_("by"), ordering="by")
    def who(self, change: Change) -> str:
        return change.by or str(_("the program"))

    @display(description=_("what"), ordering="subject")
    def what(self, change: Change) -> str:
        return change.subject if len(change.subject) <= 100 else f"{change.subject[:100]}…"

    @display(description=_("old → new"))
    def brief(self, change: Change) -> SafeString | str:
        rows = [_texts(name, pair, 40) for name, pair in change.changes.items()]
        shown = format_html_join(" ", '<span class="turned">{}: {} → {}</span>', rows[:_LISTED])
        return format_html("{} {}", shown, f"+{len(rows) - _LISTED}" if len(rows) > _LISTED else "") if rows else "–"

    @display(description=_("old and new"))
    def difference(self, change: Change) -> SafeString | str:
        rows = (_texts(name, pair, 2000) for name, pair in change.changes.items())
        told = format_html_join("", "<tr><th>{}</th><td><del>{}</del></td><td><ins>{}</ins></td></tr>", rows)
        head = format_html("<tr><th></th><th>{}</th><th>{}</th></tr>", _("before"), _("after"))
        return format_html('<table class="turns">{}{}</table>', head, told) if told else "–"


def _texts(name: str, pair: Any, longest: int) -> tuple[str, str, str]:
    old, new = pair if isinstance(pair, list) and len(pair) == 2 else ("", pair)
    return name, _text(old, longest), _text(new, longest)


def _text(value: Any, longest: int) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"
