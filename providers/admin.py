"""Providers, their state and their requests in the admin. Actions call the same verbs as the API."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from providers import registry
from providers.exceptions import ProviderError
from providers.models import Provider, ProviderStatus, RequestLog

_LIGHTS = {"active": "success", "down": "danger", "blocked": "warning", "testing": "info", "unknown": "info"}
# More would keep the browser waiting.
_MOST_CHECKS = 5


@admin.register(Provider)
class ProviderAdmin(ModelAdmin):
    list_display = ["display_name", "name", "kind", "light", "enabled", "priority", "base_url", "has_own_headers"]
    list_editable = ["priority"]
    list_filter = ["kind", "enabled", "status_record__status"]
    list_select_related = ["status_record"]
    search_fields = ["name", "display_name", "base_url"]
    readonly_fields = ["name", "kind", "created_at", "updated_at"]
    ordering = ["kind", "priority", "name"]
    actions = ["enable", "disable", "check_now"]
    fieldsets = [
        (None, {"fields": ["display_name", "name", "kind", "enabled", "priority", "base_url"]}),
        (
            _("Limits"),
            {
                "description": _("Empty means the default in the configuration."),
                # Not `max_concurrent_downloads` and `bandwidth_limit_mbps`: nothing keeps to them yet.
                "fields": ["timeout_seconds", "max_retries", "retry_delay", "requests_per_minute"],
            },
        ),
        (
            _("Requests"),
            {
                "description": _("Sent with every request; may hold secrets, which are shown on this page only."),
                "classes": ["collapse"],
                "fields": ["custom_headers", "custom_params"],
            },
        ),
        (_("Times"), {"classes": ["collapse"], "fields": ["created_at", "updated_at"]}),
    ]

    @display(description=_("Status"), label=_LIGHTS, ordering="status_record__status")
    def light(self, provider: Provider) -> tuple[str, str]:
        record: ProviderStatus | None = getattr(provider, "status_record", None)
        status = ProviderStatus.Status(record.status if record else ProviderStatus.Status.UNKNOWN)
        return status.value, str(status.label)

    @display(description=_("Own headers"), boolean=True)
    def has_own_headers(self, provider: Provider) -> bool:
        return bool(provider.custom_headers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Providers come with the product or with packages; there is nothing to make by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        for provider in queryset:
            provider.enable()
        self.message_user(request, _("Enabled."), messages.SUCCESS)

    @action(description=_("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        for provider in queryset:
            provider.disable()
        self.message_user(request, _("Disabled."), messages.SUCCESS)

    @action(description=_("Check now (the first five)"), permissions=["change"])
    def check_now(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        for provider in queryset[:_MOST_CHECKS]:
            try:
                record = registry.check(provider.name)
            except ProviderError as error:
                self.message_user(request, str(error), messages.WARNING)
                continue
            is_fine = record.status == ProviderStatus.Status.ACTIVE
            text = f"{provider.display_name}: {record.get_status_display()} {record.error_message}"
            self.message_user(request, text, messages.SUCCESS if is_fine else messages.WARNING)


@admin.register(ProviderStatus)
class ProviderStatusAdmin(ModelAdmin):
    list_display = [
        "provider",
        "light",
        "last_check",
        "response_time",
        "consecutive_failures",
        "total_checks",
        "uptime",
        "breaker",
        "open_until",
        "error_message",
    ]
    list_filter = ["status", "breaker", "provider__kind"]
    # Nothing checks at intervals yet.
    exclude = ["is_enabled", "check_interval"]
    list_select_related = ["provider"]
    search_fields = ["provider__name", "provider__display_name", "error_message"]
    readonly_fields = [
        "provider",
        "status",
        "last_check",
        "response_time",
        "error_message",
        "consecutive_failures",
        "total_checks",
        "successful_checks",
        "breaker",
        "breaker_level",
        "open_until",
    ]

    @display(description=_("Status"), label=_LIGHTS, ordering="status")
    def light(self, record: ProviderStatus) -> tuple[str, str]:
        status = ProviderStatus.Status(record.status)
        return status.value, str(status.label)

    @display(description=_("Checks that succeeded"))
    def uptime(self, record: ProviderStatus) -> str:
        percent = record.uptime_of_checks
        return "–" if percent is None else f"{percent:.1f} %"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RequestLog)
class RequestLogAdmin(ModelAdmin):
    list_display = [
        "created_at",
        "provider",
        "action",
        "successful",
        "response_time_ms",
        "bytes",
        "language",
        "error_code",
        "error_message",
    ]
    list_filter = ["successful", "action", "provider", "error_code", "created_at"]
    list_select_related = ["provider"]
    search_fields = ["provider__name", "error_code", "error_message"]
    date_hierarchy = "created_at"
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
