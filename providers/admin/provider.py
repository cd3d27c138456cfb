"""Providers: what an operator configures, how each one does, and the order of the hosts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import StackedInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.forms import ChangedHere
from aniworld.admin_pages.links import named, to_list
from aniworld.admin_pages.pages import Page
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago, percent
from providers import forgiving, health, installed
from providers.admin import chain as chain_page
from providers.admin.lights import drawn
from providers.admin.told import about
from providers.asking import check_now
from providers.health import HealthRecord
from providers.lookup import state_of
from providers.models import Provider, ProviderStatus

# More would keep the browser waiting.
_MOST_CHECKS = 5
_INTERVALS = [
    (30, _("30 minutes")),
    (60, _("1 hour")),
    (120, _("2 hours")),
    (1440, _("1 day")),
    (10080, _("1 week")),
    (43200, _("30 days")),
]


class CheckingForm(ChangedHere):
    """How a provider is checked."""

    check_interval = forms.TypedChoiceField(
        label=_("Check interval"), choices=_INTERVALS, coerce=int, widget=UnfoldAdminSelectWidget
    )
    max_consecutive_failures = forms.IntegerField(
        label=_("Failures in a row until it counts as down"),
        min_value=1,
        max_value=1000,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = ProviderStatus
        fields = ("is_enabled", "check_interval", "max_consecutive_failures")


class CheckingInline(StackedInline):
    model = ProviderStatus
    form = CheckingForm
    verbose_name = verbose_name_plural = _("Checks")
    can_delete = False
    hide_title = True
    extra = 0
    max_num = 0


@admin.register(Provider)
class ProviderAdmin(Recorded, Page):
    about = _(
        "Where series and videos come from. Catalogues but the demo are off until you enable one and enter its "
        "address. A lower priority is tried first; “Order of hosts” says more."
    )
    live_rooms = ("providers",)
    told_fields = ("enabled",)
    list_display = [
        "display_name",
        "kind",
        "light",
        "rests",
        "success",
        "uptime",
        "answers",
        "enabled",
        "priority",
        "related",
    ]
    list_editable = ["priority"]
    list_filter = ["kind", "enabled", "status_record__status"]
    list_select_related = ["status_record"]
    search_fields = ["name", "display_name", "base_url"]
    # The name to show is the package's, and taken from there at each start.
    readonly_fields = ["name", "display_name", "kind", "created_at", "updated_at"]
    ordering = ["kind", "priority", "name"]
    actions = ["check_now", "enable", "disable", "reset"]
    actions_list = ["chain"]
    inlines = [CheckingInline]
    change_form_outer_before_template = "admin/providers/provider/state.html"
    change_form_outer_after_template = "admin/providers/provider/requests.html"
    fieldsets = [
        (None, {"fields": ["display_name", "name", "kind", "enabled", "priority", "base_url"]}),
        (
            _("Limits"),
            {
                "description": _("Empty means the default in the configuration."),
                "fields": [
                    "timeout_seconds",
                    "max_retries",
                    "retry_delay",
                    "max_concurrent_downloads",
                    "bandwidth_limit_mbps",
                    "requests_per_minute",
                ],
            },
        ),
        (
            _("Requests"),
            {
                "description": _("Sent with every request; may hold secrets, which are shown to administrators only."),
                "classes": ["collapse"],
                "fields": ["custom_headers", "custom_params"],
            },
        ),
        (_("Times"), {"classes": ["collapse"], "fields": ["created_at", "updated_at"]}),
    ]

    class Media:
        css = {"all": ["css/admin_providers.css"]}

    @display(description=_("Status"), ordering="status_record__status")
    def light(self, row: Provider) -> SafeString:
        return drawn(row)

    @display(description=_("Rests until"), ordering="status_record__open_until")
    def rests(self, row: Provider) -> str | SafeString:
        record = state_of(row)
        return ago(record.open_until) if record.is_open and record.open_until else "–"

    @display(description=_("Success"))
    def success(self, row: Provider) -> str:
        return _percent(self._health_of(row).success_rate)

    @display(description=_("Last hour"))
    def uptime(self, row: Provider) -> str:
        return _percent(self._health_of(row).uptime_percentage)

    @display(description=_("Answers in"))
    def answers(self, row: Provider) -> str:
        mean = self._health_of(row).average_response_time_ms
        return "–" if mean is None else f"{mean:.0f} ms"

    @display(description=_("shows"))
    def related(self, row: Provider) -> SafeString:
        links = [to_list("providers_requestlog", _("Requests"), provider__id__exact=row.pk)]
        if row.kind == Provider.Kind.HOST:
            links.append(to_list("downloads_attempt", _("Attempts"), provider=row.name))
        return named(*links)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the figures of all, read at once."""
        found = super().get_changelist_instance(request)
        records = health.of_all()
        for row in found.result_list:
            row.measured = records.get(row.name)
        return found

    def _health_of(self, row: Provider) -> HealthRecord:
        return getattr(row, "measured", None) or HealthRecord()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Providers come with the product or with packages; there is nothing to make by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Where most people use the site stands in the empty field, to be entered by who wants it."""
        form = super().get_form(request, obj, change, **kwargs)
        if isinstance(obj, Provider) and "base_url" in form.base_fields:
            form.base_fields["base_url"].widget.attrs["placeholder"] = installed.usual_site(obj.name)
        return form

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        """Only what was changed here: others may have changed the rest since the form was opened."""
        if form.changed_data:
            obj.change(**{name: form.cleaned_data[name] for name in form.changed_data})

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Through the model's own verb: its other columns change all the time."""
        formset.save(commit=False)
        for one in formset.forms:
            if one.has_changed():
                one.instance.set_checking(**{name: one.cleaned_data[name] for name in one.changed_data})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        told = about(row) if isinstance(row, Provider) else {}
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**(extra_context or {}), **told})
        return answer

    @action(description=_("Order of hosts"), url_path="chain", permissions=["view"])
    def chain(self, request: HttpRequest) -> HttpResponse:
        return chain_page.view(self, request)

    @action(description=_("Check now (the first five)"), permissions=["change"])
    def check_now(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        for row in queryset.select_related("status_record")[:_MOST_CHECKS]:
            try:
                record = check_now(row)
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
                continue
            is_fine = not record.error_message
            text = f"{row.display_name}: {record.get_status_display()} {record.error_message}"
            self.message_user(request, text, messages.SUCCESS if is_fine else messages.WARNING)

    @action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        self.for_each(request, queryset, Provider.enable, _enabled)

    @action(description=_("Disable"), permissions=["change"])
    @confirmed(_("They are not asked any more. What runs through them goes on to its end."))
    def disable(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        self.for_each(request, queryset, Provider.disable, _disabled)

    @action(description=_("Reset: forgive failures, forget figures"), permissions=["change"])
    @confirmed(_("Failures are forgiven, and all figures and requests of theirs are deleted."))
    def reset(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        self.for_each(request, queryset.select_related("status_record"), forgiving.reset, _reset)


def _enabled(count: int) -> str:
    return ngettext("%d was enabled.", "%d were enabled.", count) % count


def _disabled(count: int) -> str:
    return ngettext("%d was disabled.", "%d were disabled.", count) % count


def _reset(count: int) -> str:
    return ngettext("%d was reset.", "%d were reset.", count) % count


def _percent(value: float | None) -> str:
    return "–" if value is None else percent(value)
