"""Webhooks in the admin: who is sent what, what was answered, a test, and “send again”."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from aniworld.admin_pages.filters import chosen_row, one_of
from aniworld.admin_pages.forms import WriteOnly
from aniworld.admin_pages.links import to_list
from aniworld.audit.recording import Recorded
from integrations.admin.receiver_pages import LogPage, ReceiverPage
from integrations.webhooks import delivering
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.occurrences import EVENTS


class WebhookForm(WriteOnly):
    """Neither its address nor its secret is shown again."""

    secrets = ("address", "secret")
    events = forms.MultipleChoiceField(
        label=_("Events"), choices=list(EVENTS.items()), widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Webhook
        fields = ("name", "format", "address", "secret", "events", "enabled")


@admin.register(Webhook)
class WebhookAdmin(Recorded, ReceiverPage):
    about = _("Who is sent what happens: programs of your own as JSON, Discord, Slack and its like as messages.")
    when_empty = _("Add an address that takes messages, and test it: select it, and choose “Test”.")
    form = WebhookForm
    try_out = delivering.try_out
    secret_fields = ("address",)
    list_display = ("name", "format", "place", "state", "succeeded", "failed", "why", "log")
    list_filter = ("format", "enabled")
    fields = WebhookForm.Meta.fields

    @display(description=_("server"))
    def place(self, row: Webhook) -> str:
        return row.place

    @display(description=_("shows"))
    def log(self, row: Webhook) -> SafeString:
        return to_list("webhooks_delivery", _("Deliveries"), receiver=row.pk)


@admin.register(Delivery)
class DeliveryAdmin(Recorded, LogPage):
    about = _("What webhooks were sent, and will be, with what they answered. “Send again” sends it once more.")
    when_empty = _("Once a webhook is entered, what it is sent stands here.")
    list_display = ("made", "to", "event", "state_shown", "attempts", "answered", "next_try", "why")
    list_filter = (
        "state",
        one_of("event", _("event"), lambda: [(type_, str(label)) for type_, label in EVENTS.items()]),
        chosen_row("receiver", "receiver", "webhooks.Webhook", _("webhook")),
    )
    search_fields = ("receiver__name", "key")
    actions = ("send_again",)
    fields = (
        *("receiver", "key", "event", "event_id", "happened_at", "state", "attempts", "next_attempt_at", "sent_at"),
        *("reason", "tries", "facts"),
    )
    readonly_fields = fields

    @display(description=_("answer"))
    def answered(self, row: Delivery) -> str:
        last: dict[str, Any] = row.tries[-1] if row.tries else {}
        return str(last.get("status") or "–")

    @admin.action(description=_("Send again"), permissions=("act",))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self.for_each(request, queryset, Delivery.send_again, _sent_again)


def _sent_again(count: int) -> str:
    return ngettext("%d is sent again.", "%d are sent again.", count) % count
