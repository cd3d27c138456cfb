"""What is written down about providers: their states and their requests. Only verbs change it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from providers.admin.lights import drawn
from providers.models import ProviderStatus, RequestLog


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ProviderStatus)
class ProviderStatusAdmin(_ReadOnly, ModelAdmin):
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
    list_select_related = ["provider"]
    search_fields = ["provider__name", "provider__display_name", "error_message"]

    class Media:
        css = {"all": ["css/admin_providers.css"]}

    @display(description=_("Status"), ordering="status")
    def light(self, record: ProviderStatus) -> SafeString:
        return drawn(record.provider)

    @display(description=_("Checks that succeeded"))
    def uptime(self, record: ProviderStatus) -> str:
        percent = record.uptime_of_checks
        return "–" if percent is None else f"{percent:.1f} %"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RequestLog)
class RequestLogAdmin(_ReadOnly, ModelAdmin):
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
    # Neither a list of all error codes nor of all days: each reads every row of what may be a million.
    list_filter = ["successful", "action", "provider", "created_at"]
    list_select_related = ["provider"]
    search_fields = ["provider__name", "error_code", "error_message"]
    show_full_result_count = False
