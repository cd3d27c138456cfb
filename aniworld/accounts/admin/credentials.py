"""What lets people and programs in, what keeps guessers out, and what each user prefers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.accounts import keys
from aniworld.accounts.models import ApiKey, Preferences, Throttle, Token
from aniworld.accounts.tokens import KEY_MARK, SHOWN, hash_of, new_secret
from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.forms import ChangedHere
from aniworld.admin_pages.links import to_row
from aniworld.admin_pages.pages import Page, ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago


@admin.register(Token)
class TokenAdmin(Recorded, ReadOnly):
    about = _("Who is signed in through the API, from where, and until when. Revoke what you do not know.")
    when_empty = _("Nobody is signed in through the API. Browsers have sessions of their own.")
    list_display = ("prefix", "owner", "ip_address", "user_agent", "seen", "ends", "is_active")
    list_filter = ("is_active", "expires_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "user__username", "ip_address", "user_agent")
    date_hierarchy = "created_at"
    fields = ("prefix", "user", "ip_address", "user_agent", "created_at", "last_activity", "expires_at", "is_active")
    readonly_fields = ("created_at",)
    actions = ("revoke",)

    @display(description=_("user"), ordering="user__username")
    def owner(self, token: Token) -> SafeString:
        return to_row("accounts_user", token.user_id, token.user)

    @display(description=_("last used"), ordering="last_activity")
    def seen(self, token: Token) -> str:
        return ago(token.last_activity)

    @display(description=_("ends"), ordering="expires_at")
    def ends(self, token: Token) -> str:
        return ago(token.expires_at)

    @admin.action(description=_("Revoke"), permissions=("act",))
    @confirmed(_("Whoever uses them has to sign in again."))
    def revoke(self, request: HttpRequest, rows: QuerySet[Token]) -> None:
        self.for_each(request, rows, Token.revoke, lambda count: ngettext("%d revoked.", "%d revoked.", count) % count)


class KeyForm(ChangedHere):
    """A new key: who makes it is who it acts for."""

    class Meta:
        model = ApiKey
        fields = ("name", "scope", "expires_at")

    def clean_expires_at(self) -> datetime | None:
        """A key that ended already helps nobody; one that stays as it is may have ended."""
        ends: datetime | None = self.cleaned_data["expires_at"]
        if "expires_at" in self.changed_data:
            try:
                keys.demand_later(ends)
            except Refused as refusal:
                raise ValidationError(str(refusal)) from None
        return ends


@admin.register(ApiKey)
class ApiKeyAdmin(Recorded, Page):
    form = KeyForm
    about = _("Keys for programs. A key acts as the user who made it, narrowed by its scope; it is shown once.")
    list_display = ("name", "prefix", "owner", "scope_shown", "used", "ends")
    list_filter = ("scope",)
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    date_hierarchy = "created_at"
    fields = ("name", "scope", "expires_at")
    readonly = ("prefix", "user", "created_at", "last_used")

    @display(description=_("user"), ordering="user__username")
    def owner(self, key: ApiKey) -> SafeString:
        return to_row("accounts_user", key.user_id, key.user)

    @display(description=_("scope"), label={"read": "info", "queue": "warning", "admin": "danger"}, ordering="scope")
    def scope_shown(self, obj: ApiKey) -> tuple[str, str]:
        return obj.scope, obj.get_scope_display()

    @display(description=_("last used"), ordering="last_used")
    def used(self, key: ApiKey) -> str:
        return ago(key.last_used)

    @display(description=_("ends"), ordering="expires_at")
    def ends(self, key: ApiKey) -> str:
        return ago(key.expires_at) if key.expires_at else gettext("never")

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
class PreferencesAdmin(Recorded, Page):
    about = _("How each user likes to see the pages; everybody sets it for themselves.")
    list_display = ("user", "theme", "language", "density", "library_view", "check_interval", "shortcuts")
    list_filter = ("theme", "density", "library_view", "shortcuts")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    autocomplete_fields = ("user",)


@admin.register(Throttle)
class ThrottleAdmin(Recorded, ReadOnly):
    about = _("Tries to sign in, counted by address and name. Unlock somebody who mistyped too often.")
    when_empty = _("Nobody failed to sign in lately.")
    live_seconds = 30
    list_display = ("bucket", "count", "begun", "blocked")
    list_filter = ("blocked_until",)
    search_fields = ("bucket",)
    ordering = ("-blocked_until", "-id")
    fields = ("bucket", "count", "window_started_at", "blocked_until")
    actions = ("unlock",)

    @display(description=_("first try"), ordering="window_started_at")
    def begun(self, row: Throttle) -> str:
        return ago(row.window_started_at)

    @display(description=_("locked until"), ordering="blocked_until")
    def blocked(self, row: Throttle) -> str:
        return ago(row.blocked_until) if row.blocked_until and row.blocked_until > timezone.now() else "–"

    @admin.action(description=_("Unlock"), permissions=("act",))
    def unlock(self, request: HttpRequest, rows: QuerySet[Throttle]) -> None:
        unlocked = rows.delete()[0]
        self.message_user(request, ngettext("%d unlocked.", "%d unlocked.", unlocked) % unlocked, messages.SUCCESS)
