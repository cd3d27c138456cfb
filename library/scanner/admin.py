"""Scans and what they found in the admin. Every action calls the same verbs as the API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from aniworld.refusals import Refused
from library import bell, scanning
from library.admin_lists import for_each
from library.models import Finding, Scan
from library.scanner import linking

_SCAN_LIGHTS = {
    Scan.Status.REQUESTED: "info",
    Scan.Status.RUNNING: "warning",
    Scan.Status.COMPLETED: "success",
    Scan.Status.FAILED: "danger",
    Scan.Status.CANCELLED: "info",
}


@admin.register(Scan)
class ScanAdmin(ModelAdmin):
    """The scans so far, the newest first."""

    list_display = ("what", "state", "started_at", "took", "new", "moved", "changed", "vanished", "adopted", "error")
    list_filter = ("status",)
    search_fields = ("key", "error")
    list_per_page = 50
    show_full_result_count = False
    actions = ("end_them",)
    readonly_fields = (
        *("status", "key", "folders", "started_at", "ended_at", "statistics", "error", "cancel_requested"),
        *("lost_workers", "created_at"),
    )
    fields = readonly_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("scan"))
    def what(self, scan: Scan) -> str:
        return str(scan)

    @display(description=_("status"), ordering="status", label=_SCAN_LIGHTS)
    def state(self, scan: Scan) -> tuple[str, str]:
        return scan.status, scan.get_status_display()

    @display(description=_("seconds"))
    def took(self, scan: Scan) -> str:
        if scan.started_at is None or scan.ended_at is None:
            return ""
        return f"{(scan.ended_at - scan.started_at).total_seconds():.1f}"

    @display(description=_("new"))
    def new(self, scan: Scan) -> object:
        return scan.statistics.get("new", "")

    @display(description=_("moved"))
    def moved(self, scan: Scan) -> object:
        return scan.statistics.get("moved", "")

    @display(description=_("changed"))
    def changed(self, scan: Scan) -> object:
        return scan.statistics.get("changed", "")

    @display(description=_("vanished"))
    def vanished(self, scan: Scan) -> object:
        return scan.statistics.get("vanished", "")

    @display(description=_("adopted"))
    def adopted(self, scan: Scan) -> object:
        return scan.statistics.get("adopted", "")

    @admin.action(description=_("Cancel"))
    def end_them(self, request: HttpRequest, queryset: QuerySet[Scan]) -> None:
        for_each(request, queryset.filter(live=True), lambda scan: scan.cancel())


class OpenFilter(admin.SimpleListFilter):
    """What is settled or ignored is hidden until asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("ignored", _("Ignored")), ("resolved", _("Settled")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Finding]) -> QuerySet[Finding]:
        if self.value() == "all":
            return queryset
        if self.value() == "resolved":
            return queryset.filter(resolved_at__isnull=False)
        return queryset.filter(resolved_at__isnull=True, ignored=self.value() == "ignored")

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        return [{**everything, "display": _("Waiting")}, *others]


class FindingForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Offers the candidates of a series without a catalogue."""

    candidate = forms.ChoiceField(
        label=_("Link to"), required=False, help_text=_("Saving links the series to it and has it loaded.")
    )

    class Meta:
        model = Finding
        fields = ("ignored",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["candidate"]
        field.widget = UnfoldAdminSelectWidget()
        field.choices = [("", "—"), *_choices(self.instance)]  # type: ignore[attr-defined]  # of a ChoiceField


@admin.register(Finding)
class FindingAdmin(ModelAdmin):
    """What scans found that a person should know of."""

    form = FindingForm
    list_display = ("path", "what", "best", "series_link", "detail", "first_seen", "last_seen")
    list_filter = (OpenFilter, "kind")
    search_fields = ("path", "detail", "series__name")
    list_select_related = ("series",)
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    actions = ("link_to_first", "search_again", "ignore", "stop_ignoring", "scan_again")
    readonly_fields = ("kind", "path", "series", "detail", "looked_at", "first_seen", "last_seen", "resolved_at")
    fields = ("kind", "path", "series", "detail", "candidate", "ignored", "looked_at", "first_seen", "last_seen",
              "resolved_at")  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What holds would be found again; what does not goes by itself."""
        return False

    def save_model(self, request: HttpRequest, obj: Finding, form: Any, change: bool) -> None:
        try:
            if chosen := form.cleaned_data.get("candidate"):
                linking.link(obj, int(chosen))
            obj.ignore(ignored=form.cleaned_data["ignored"])
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    @display(description=_("kind"), ordering="kind")
    def what(self, finding: Finding) -> str:
        return finding.get_kind_display()

    @display(description=_("best candidate"))
    def best(self, finding: Finding) -> str:
        return next((label for _number, label in _choices(finding)), "")

    @display(description=_("series"), ordering="series__name")
    def series_link(self, finding: Finding) -> SafeString | str:
        if finding.series is None:
            return ""
        address = reverse("admin:library_series_change", args=[finding.series_id])
        return format_html('<a href="{}">{}</a>', address, finding.series)

    @admin.action(description=_("Link to the best candidate"))
    def link_to_first(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        for_each(request, queryset.select_related("series"), linking.link)

    @admin.action(description=_("Search the catalogues again"))
    def search_again(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        for_each(request, queryset.filter(kind=Finding.Kind.UNMATCHED), lambda finding: finding.look_again())
        bell.ring_for_matching()

    @admin.action(description=_("Ignore: it is all right"))
    def ignore(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        for_each(request, queryset, lambda finding: finding.ignore())

    @admin.action(description=_("Don't ignore any more"))
    def stop_ignoring(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        for_each(request, queryset, lambda finding: finding.ignore(ignored=False))

    @admin.action(description=_("Scan their folders again"))
    def scan_again(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        folders = sorted({path.partition("/")[0] for path in queryset.values_list("path", flat=True)})
        try:
            scanning.start_folders(folders)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)


def _choices(finding: Finding) -> list[tuple[str, str]]:
    return [(str(number), _shown(one)) for number, one in enumerate(finding.candidates or [])]


def _shown(candidate: Any) -> str:
    year = f" ({candidate['year']})" if candidate.get("year") else ""
    there = gettext(", in the library already") if candidate.get("in_library") else ""
    return f"{candidate['name']}{year} · {candidate['provider']} · {candidate['score']:.0%}{there}"
