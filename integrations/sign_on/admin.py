"""Who signs in by the OpenID provider, whether it works, and a test of the provider."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from aniworld.admin_pages.links import to_row
from aniworld.admin_pages.pages import Page
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago
from integrations.sign_on import header
from integrations.sign_on.finding import Finding
from integrations.sign_on.models import OpenIdAccount

_LIST = "admin:sign_on_openidaccount_changelist"
# Imported on first use: it needs the packages of the optional extra.
_PROBE = "integrations.sign_on.probe.run"


@admin.register(OpenIdAccount)
class OpenIdAccountAdmin(Recorded, Page):
    about = _(
        "Which account of the OpenID provider is which user here. An account that is new here gets a user of its own, "
        "and is never taken for one that exists: to join the two, give the account that user in its form."
    )
    when_empty = _("Nobody has signed in by an OpenID provider yet.")
    list_display = ("__str__", "owner", "issuer", "subject", "seen")
    list_select_related = ("user",)
    search_fields = ("shown_name", "subject", "user__username")
    date_hierarchy = "created_at"
    fields = ("issuer", "subject", "user", "shown_name", "last_seen")
    readonly_fields = ("shown_name", "last_seen")
    autocomplete_fields = ("user",)
    plain_fields = ("subject",)
    list_before_template = "admin/sign_on/test.html"

    @display(description=_("user"), ordering="user__username")
    def owner(self, account: OpenIdAccount) -> SafeString:
        return to_row("accounts_user", account.user_id, account.user)

    @display(description=_("last signed in"), ordering="last_seen")
    def seen(self, account: OpenIdAccount) -> str:
        return ago(account.last_seen)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Who may say which account is which user may become anybody: superusers alone."""
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise."""
        return bool(request.user.is_superuser)

    has_change_permission = has_add_permission = has_delete_permission = has_view_permission

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new one is most likely of the provider that is configured."""
        issuer = {"issuer": settings.OPENID_PROVIDER.issuer} if settings.OPENID_PROVIDER else {}
        return {**issuer, **super().get_changeform_initial_data(request)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With what is configured, above the list."""
        state: dict[str, Any] = {"provider": settings.OPENID_PROVIDER, "proxy": settings.AUTH_PROXY}
        if settings.OPENID_PROVIDER:
            state["callback"] = request.build_absolute_uri(reverse("sign-on-callback"))
        return super().changelist_view(request, {**(extra_context or {}), "sign_on": state})

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(self.test))
        of_header = self.admin_site.admin_view(require_POST(self.test_header))
        mine = [path("test/", test, name="sign_on_test"), path("test-header/", of_header, name="sign_on_test_header")]
        return [*mine, *super().get_urls()]

    def test(self, request: HttpRequest) -> HttpResponse:
        """Asks the provider for its description and its keys."""
        if not request.user.is_superuser:
            raise PermissionDenied
        if not settings.OPENID_PROVIDER:
            self.message_user(request, gettext("No provider is configured: set OIDC_ISSUER."), messages.WARNING)
            return HttpResponseRedirect(reverse(_LIST))
        return self._told(request, import_string(_PROBE)())

    def test_header(self, request: HttpRequest) -> HttpResponse:
        """Says what the proxy's header in this very request does."""
        if not request.user.is_superuser:
            raise PermissionDenied
        return self._told(request, header.findings(request))

    def _told(self, request: HttpRequest, findings: Iterable[Finding]) -> HttpResponse:
        for finding in findings:
            self.message_user(request, finding.text, messages.SUCCESS if finding.ok else messages.ERROR)
        return HttpResponseRedirect(reverse(_LIST))


# What django-allauth would offer is kept by the environment or by the table above.
for _model in (
    model
    for label in ("account", "socialaccount")
    if apps.is_installed(f"allauth.{label}")
    for model in apps.get_app_config(label).get_models()
):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
