"""The list of users' feeds of one kind, each opened by a token of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.templatetags.quantities import ago


class FeedPage(ReadOnly):
    """Rows of a subclass of `Feed`. The mixin of the audit stands before it."""

    plain_fields: ClassVar[tuple[str, ...]] = ("prefix",)
    list_display = ("prefix", "owner", "made", "used")
    search_fields = ("user__username", "prefix")
    list_select_related = ("user",)
    actions = ("close",)
    fields = ("user", "prefix", "made_at", "last_used")
    readonly_fields = fields

    @display(description=_("user"), ordering="user__username")
    def owner(self, feed: Any) -> str:
        """Whose it is."""
        return str(feed.user)

    @display(description=_("made"), ordering="made_at")
    def made(self, feed: Any) -> str:
        """When its token was made."""
        return ago(feed.made_at)

    @display(description=_("last used"), ordering="last_used")
    def used(self, feed: Any) -> str:
        """When it was read last."""
        return ago(feed.last_used) if feed.last_used else "–"

    @admin.action(description=_("Close these feeds"), permissions=("act",))
    def close(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Ends their addresses."""
        feeds: Any = self.model._default_manager
        self.for_each(request, rows.select_related("user"), lambda feed: feeds.revoke(feed.user), _closed)


def _closed(count: int) -> str:
    return ngettext("%d feed was closed.", "%d feeds were closed.", count) % count
