"""Favourites: an administrator sees everybody's, everybody else their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.links import to_row
from aniworld.admin_pages.pages import Page
from aniworld.templatetags.quantities import ago
from library.models import Favorite


@admin.register(Favorite)
class FavoriteAdmin(Page):
    about = _("What people like, with their own title, rating and notes. The star on a series' page makes one.")
    list_display = ("shown", "series_link", "owner", "rating", "added")
    list_filter = ("rating",)
    search_fields = ("series__name", "custom_title", "user__username")
    date_hierarchy = "created_at"
    list_select_related = ("series", "user")
    ordering = ("-id",)
    autocomplete_fields = ("series", "user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Others make theirs with the star on the page of a series."""
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Favorite]:
        rows: QuerySet[Favorite] = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user=request.user.pk or 0)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        own = ("series", "custom_title", "rating", "notes")
        return ("user", *own) if request.user.is_superuser else own

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if request.user.is_superuser else ("series",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Links lead where one may look."""
        return self.list_display if request.user.is_superuser else ("shown", "rating", "added")

    @display(description=_("favourite"))
    def shown(self, favorite: Favorite) -> str:
        return str(favorite)

    @display(description=_("series"), ordering="series__name")
    def series_link(self, favorite: Favorite) -> SafeString:
        return to_row("library_series", favorite.series_id, favorite.series)

    @display(description=_("user"), ordering="user__username")
    def owner(self, favorite: Favorite) -> str:
        return str(favorite.user)

    @display(description=_("since"), ordering="id")
    def added(self, favorite: Favorite) -> str:
        return ago(favorite.created_at)
