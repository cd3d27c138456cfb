"""Alerts in the admin: what was told to whom, what went wrong, and a test."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.alerts import delivering
from aniworld.alerts.models import Alert, Delivery
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago

_LIGHTS = {
    Alert.State.WAITING: "info",
    Alert.State.SENDING: "info",
    Alert.State.SENT: "success",
    Alert.State.FAILED: "danger",
}


@admin.register(Alert)
class AlertAdmin(Recorded, ReadOnly):
    about = _("What was told to whom, and what could not be delivered. Who is told of what is configured.")
    when_empty = _("Nothing had to be told yet. Enter a target in the configuration, and send it a test.")
    live_seconds = 30
    list_display = ("title", "kind_shown", "raised", "state_shown", "delivered_to", "why_not")
    list_filter = ("kind", "state", "raised_at")
    search_fields = ("title", "body", "about")
    date_hierarchy = "raised_at"
    fields = ("title", "body", "kind_shown", "about", "raised_at", "state_shown", "delivered_to", "why_not")
    readonly_fields = fields
    actions = ("send_again",)
    list_before_template = "admin/alerts/test.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        found: QuerySet[Alert] = super().get_queryset(request)
        return found.select_related("digest").prefetch_related("digest__deliveries")

    @display(description=_("raised"), ordering="raised_at")
    def raised(self, alert: Alert) -> str:
        return ago(alert.raised_at)

    @display(description=_("kind"), ordering="kind")
    def kind_shown(self, alert: Alert) -> str:
        return alert.get_kind_display()

    @display(description=_("state"), ordering="state", label=_LIGHTS)
    def state_shown(self, alert: Alert) -> tuple[str, str]:
        return alert.state, alert.get_state_display()

    @display(description=_("delivered to"))
    def delivered_to(self, alert: Alert) -> str:
        return ", ".join(one.target for one in _deliveries(alert) if one.state == Delivery.State.SENT) or "–"

    @display(description=_("reason"))
    def why_not(self, alert: Alert) -> str:
        """Of what is still tried, what the last try said."""
        said = [f"{one.target}: {one.reason}" for one in _deliveries(alert) if one.reason]
        return alert.reason or "; ".join(said) or "–"

    @admin.action(description=_("Send again"), permissions=("act",))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        count = sum(alert.send_again() for alert in queryset)
        told = ngettext("%d is sent again.", "%d are sent again.", count) % count
        self.message_user(request, told, messages.SUCCESS if count else messages.WARNING)

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(self.test))
        return [path("test/", test, name="alerts_alert_test"), *super().get_urls()]

    def test(self, request: HttpRequest) -> HttpResponse:
        """Sends a test message to every target."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        try:
            for tested in delivering.try_out():
                level = messages.SUCCESS if tested.ok else messages.ERROR
                told = tested.reason or gettext("It arrived.")
                self.message_user(request, f"{tested.target}: {told}", level)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:alerts_alert_changelist"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was told may be forgotten."""
        return self.has_act_permission(request)


def _deliveries(alert: Alert) -> list[Delivery]:
    return list(alert.digest.deliveries.all()) if alert.digest else []
