"""What is written down about providers: their states and their requests. Only verbs change it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.counting import BoundedPaginator
from aniworld.admin_pages.links import to_row
from aniworld.admin_pages.pages import ReadOnly
from aniworld.templatetags.quantities import ago, percent, size
from providers.admin.lights import drawn
from providers.models import ProviderStatus, RequestHour, RequestLog


@admin.register(ProviderStatus)
class ProviderStatusAdmin(ReadOnly):
    about = _("What checks and requests found of each provider, and whether it rests after failures.")
    live_rooms = ("providers",)
    list_display = ("of", "light", "checked", "answers", "consecutive_failures", "checks", "rests", "error_message")
    list_filter = ("status", "breaker", "provider__kind")
    list_select_related = ("provider",)
    search_fields = ("provider__name", "provider__display_name", "error_message")

    @display(description=_("Provider"), ordering="provider__display_name")
    def of(self, record: ProviderStatus) -> SafeString:
        return to_row("providers_provider", record.provider_id, record.provider)

    @display(description=_("Status"), ordering="status")
    def light(self, record: ProviderStatus) -> SafeString:
        return drawn(record.provider)

    @display(description=_("Checked"), ordering="last_check")
    def checked(self, record: ProviderStatus) -> str:
        return ago(record.last_check)

    @display(description=_("Answers in"), ordering="response_time")
    def answers(self, record: ProviderStatus) -> str:
        return "–" if record.response_time is None else f"{record.response_time:.0f} ms"

    @display(description=_("Checks that succeeded"), ordering="total_checks")
    def checks(self, record: ProviderStatus) -> str:
        share = record.uptime_of_checks
        return "–" if share is None else f"{percent(share)} / {record.total_checks}"

    @display(description=_("Rests until"), ordering="open_until")
    def rests(self, record: ProviderStatus) -> str:
        return ago(record.open_until) if record.is_open and record.open_until else "–"


@admin.register(RequestLog)
class RequestLogAdmin(ReadOnly):
    about = _("Every request through a provider in the last days: how long it took, what came, what went wrong.")
    when_empty = _("No request was made yet: search for a series, or check a provider.")
    list_display = ("when", "of", "action", "successful", "took", "amount", "language", "error_code", "error_message")
    # Not a list of all error codes: it would read every row of what may be a million.
    list_filter = ("successful", "action", "provider")
    list_select_related = ("provider",)
    search_fields = ("provider__name", "error_code", "error_message")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    paginator = BoundedPaginator

    @display(description=_("Time"), ordering="id")
    def when(self, request: RequestLog) -> str:
        return ago(request.created_at)

    @display(description=_("Provider"))
    def of(self, request: RequestLog) -> SafeString:
        return to_row("providers_provider", request.provider_id, request.provider)

    @display(description=_("Took"))
    def took(self, request: RequestLog) -> str:
        return f"{request.response_time_ms:.0f} ms"

    @display(description=_("Received"))
    def amount(self, request: RequestLog) -> str:
        return size(request.bytes)


@admin.register(RequestHour)
class RequestHourAdmin(ReadOnly):
    about = _("Requests added up by the hour, kept when the single ones are gone: what the charts are drawn from.")
    when_empty = _("Hours are added up once they are over.")
    list_display = ("of", "hour", "language", "requests", "rate", "mean", "received")
    list_filter = ("provider",)
    list_select_related = ("provider",)
    search_fields = ("provider__name",)
    ordering = ("-hour", "-id")
    date_hierarchy = "hour"
    paginator = BoundedPaginator

    @display(description=_("Provider"))
    def of(self, row: RequestHour) -> SafeString:
        return to_row("providers_provider", row.provider_id, row.provider)

    @display(description=_("Success"))
    def rate(self, row: RequestHour) -> str:
        return percent(100 * row.successful / row.requests) if row.requests else "–"

    @display(description=_("Answers in"))
    def mean(self, row: RequestHour) -> str:
        timed = row.requests - row.downloads
        return f"{row.response_ms_total / timed:.0f} ms" if timed > 0 else "–"

    @display(description=_("Received"), ordering="bytes")
    def received(self, row: RequestHour) -> str:
        return size(row.bytes)
