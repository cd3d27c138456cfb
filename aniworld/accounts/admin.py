"""Users, and what lets them in. No hash is ever shown, and a key only once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from aniworld.accounts.models import ApiKey, Preferences, Throttle, Token, User
from aniworld.accounts.tokens import KEY_MARK, SHOWN, hash_of, new_secret

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(PlainUserAdmin, ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_active", "last_login")


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin):
    pass


class ReadOnly(ModelAdmin):
    """Rows that the product writes; a person may look and delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields)


@admin.register(Token)
class TokenAdmin(ReadOnly):
    list_display = ("prefix", "user", "ip_address", "user_agent", "last_activity", "expires_at", "is_active")
    list_filter = ("is_active", "expires_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "user__username", "ip_address", "user_agent")
    fields = ("prefix", "user", "ip_address", "user_agent", "created_at", "last_activity", "expires_at", "is_active")
    actions = ("revoke",)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        revoked = sum(token.revoke() for token in queryset)
        self.message_user(request, gettext("%d revoked.") % revoked, messages.SUCCESS)


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A new key: who makes it is who it acts for."""

    class Meta:
        model = ApiKey
        fields = ("name", "scope", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    form = KeyForm
    list_display = ("name", "prefix", "user", "scope_shown", "last_used", "expires_at")
    list_filter = ("scope",)
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    fields = ("name", "scope", "expires_at")
    readonly = ("prefix", "user", "created_at", "last_used")

    @display(description=_("scope"), label={"read": "info", "queue": "warning", "admin": "danger"}, ordering="scope")
    def scope_shown(self, obj: ApiKey) -> tuple[str, str]:
        return obj.scope, obj.get_scope_display()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields + self.readonly if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            # Kept on this object alone: it lives as long as the request.
            obj.text = new_secret(KEY_MARK)  # type: ignore[attr-defined]  # as said
            obj.hash, obj.prefix, obj.user = hash_of(obj.text), obj.text[:SHOWN], request.user  # type: ignore[attr-defined,assignment]  # as said
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Shows the key in this answer alone: a message would leave it in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The key “%s” was made") % obj.name,
            "opts": self.opts,
            "key": obj.text,  # type: ignore[attr-defined]  # set in save_model
        }
        response = TemplateResponse(request, "admin/accounts/apikey/made.html", context)
        response["Cache-Control"] = "no-store"
        return response


@admin.register(Preferences)
class PreferencesAdmin(ModelAdmin):
    list_display = ("user", "theme", "language", "density", "library_view", "check_interval", "shortcuts")
    list_filter = ("theme", "language")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    autocomplete_fields = ("user",)


@admin.register(Throttle)
class ThrottleAdmin(ReadOnly):
    list_display = ("bucket", "count", "window_started_at", "blocked_until")
    search_fields = ("bucket",)
    fields = ("bucket", "count", "window_started_at", "blocked_until")
    actions = ("unlock",)

    @admin.action(description=_("Unlock"))
    def unlock(self, request: HttpRequest, queryset: QuerySet[Throttle]) -> None:
        unlocked = queryset.delete()[0]
        self.message_user(request, gettext("%d unlocked.") % unlocked, messages.SUCCESS)
