"""Scans and what they found in the admin. Every action calls the same verbs as the API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from aniworld.admin_pages.filters import chosen_row
from aniworld.admin_pages.links import to_row
from aniworld.admin_pages.pages import Page, ReadOnly
from aniworld.admin_pages.untransacted import WithoutTransaction
from aniworld.audit.recording import Recorded
from aniworld.refusals import Refused
from aniworld.templatetags.quantities import ago, duration
from library import bell, scanning
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
class ScanAdmin(Recorded, ReadOnly):
    about = _("The scans of the library folder so far, the newest first, and what each found different.")
    when_empty = _("Start one with “Scan” on the page of the library, or with manage.py scan.")
    live_rooms = ("scan_progress",)
    live_seconds = 60
    list_display = ("what", "state", "begun", "took", "new", "moved", "changed", "vanished", "adopted", "error")
    list_filter = ("status",)
    search_fields = ("key", "error")
    date_hierarchy = "created_at"
    actions = ("end_them",)
    readonly_fields = (
        *("status", "key", "folders", "started_at", "ended_at", "statistics", "error", "cancel_requested"),
        *("lost_workers", "created_at"),
    )
    fields = readonly_fields

    @display(description=_("scan"))
    def what(self, scan: Scan) -> str:
        return str(scan)

    @display(description=_("status"), ordering="status", label=_SCAN_LIGHTS)
    def state(self, scan: Scan) -> tuple[str, str]:
        return scan.status, scan.get_status_display()

    @display(description=_("begun"), ordering="started_at")
    def begun(self, scan: Scan) -> str:
        return ago(scan.started_at)

    @display(description=_("took"))
    def took(self, scan: Scan) -> str:
        ended = scan.ended_at if scan.started_at else None
        return duration((ended - scan.started_at).total_seconds() if ended and scan.started_at else None)

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

    @admin.action(description=_("Cancel"), permissions=("act",))
    def end_them(self, request: HttpRequest, queryset: QuerySet[Scan]) -> None:
        self.for_each(request, queryset.filter(live=True), lambda scan: scan.cancel(), _changed)


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
        label=_("Link to"),
        required=False,
        help_text=_(
            "Saving links the series to it and has it loaded. If the library has that one already, it gets these "
            "files, and renaming them offers to move them into its folder."
        ),
    )
    words = forms.CharField(
        label=_("Search the catalogues for"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Another title, or the address of the series there. Saving shows what was found."),
    )

    class Meta:
        model = Finding
        fields = ("ignored",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["candidate"]
        field.widget = UnfoldAdminSelectWidget()
        field.choices = [("", "—"), *_choices(self.instance)]  # type: ignore[attr-defined]  # of a ChoiceField
        if self.instance.kind != Finding.Kind.UNMATCHED:
            self.fields["words"].disabled = self.fields["candidate"].disabled = True


@admin.register(Finding)
class FindingAdmin(Recorded, Page, WithoutTransaction):  # type: ignore[misc]  # unfold ships no types
    about = _(
        "What scans found and a person has to judge: folders and files that are not understood, series without a "
        "catalogue. Link, ignore, or put it right on the disk and scan again."
    )
    when_empty = _("Nothing waits for you: the scans understood all that they found.")
    live_rooms = ("scan_progress",)
    form = FindingForm
    list_display = ("path", "what", "best", "series_link", "detail", "since", "last")
    list_filter = (OpenFilter, "kind", chosen_row("series", "series", "library.Series", _("series")))
    search_fields = ("path", "detail", "series__name")
    date_hierarchy = "first_seen"
    list_select_related = ("series",)
    list_filter_submit = True
    actions = ("link_to_first", "search_again", "ignore", "stop_ignoring", "scan_again")
    readonly_fields = ("kind", "path", "series", "detail", "looked_at", "first_seen", "last_seen", "resolved_at")
    fields = (
        *("kind", "path", "series", "detail", "candidate", "words", "ignored"),
        *("looked_at", "first_seen", "last_seen", "resolved_at"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What holds would be found again; what does not goes by itself."""
        return False

    def save_model(self, request: HttpRequest, obj: Finding, form: Any, change: bool) -> None:
        try:
            if chosen := form.cleaned_data.get("candidate"):
                linking.link(obj, int(chosen))
                return
            if words := form.cleaned_data.get("words"):
                self._look_for(request, obj, words)
            obj.ignore(ignored=form.cleaned_data["ignored"])
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    def response_change(self, request: HttpRequest, obj: Finding) -> HttpResponse:
        """After a search back to the finding, where its candidates are now."""
        if request.POST.get("words") and not request.POST.get("candidate"):
            return HttpResponseRedirect(request.path)
        answer: HttpResponse = super().response_change(request, obj)
        return answer

    def _look_for(self, request: HttpRequest, finding: Finding, words: str) -> None:
        if count := linking.look_for(finding, words):
            text = ngettext("%d series was found: choose it below.", "%d series were found: choose below.", count)
            self.message_user(request, text % count, messages.SUCCESS)
        else:
            self.message_user(request, gettext("The catalogues know none of that name."), messages.WARNING)

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
        return to_row("library_series", finding.series_id, finding.series)

    @display(description=_("since"), ordering="first_seen")
    def since(self, finding: Finding) -> str:
        return ago(finding.first_seen)

    @display(description=_("seen last"), ordering="last_seen")
    def last(self, finding: Finding) -> str:
        return ago(finding.last_seen)

    @admin.action(description=_("Link to the best candidate"), permissions=("change",))
    def link_to_first(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        self.for_each(request, queryset.select_related("series"), linking.link, _changed)

    @admin.action(description=_("Search the catalogues again"), permissions=("change",))
    def search_again(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        unmatched = queryset.filter(kind=Finding.Kind.UNMATCHED)
        self.for_each(request, unmatched, lambda finding: finding.look_again(), _changed)
        bell.ring_for_matching()

    @admin.action(description=_("Ignore"), permissions=("change",))
    def ignore(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        self.for_each(request, queryset, lambda finding: finding.ignore(), _changed)

    @admin.action(description=_("Don't ignore any more"), permissions=("change",))
    def stop_ignoring(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        self.for_each(request, queryset, lambda finding: finding.ignore(ignored=False), _changed)

    @admin.action(description=_("Scan their folders again"), permissions=("change",))
    def scan_again(self, request: HttpRequest, queryset: QuerySet[Finding]) -> None:
        folders = sorted({path.partition("/")[0] for path in queryset.values_list("path", flat=True)})
        try:
            scanning.start_folders(folders)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return
        self.message_user(request, gettext("The scan begins."), messages.SUCCESS)


def _changed(count: int) -> str:
    return ngettext("%d was changed.", "%d were changed.", count) % count


def _choices(finding: Finding) -> list[tuple[str, str]]:
    return [(str(number), _shown(one)) for number, one in enumerate(finding.candidates or [])]


def _shown(candidate: Any) -> str:
    year = f" ({candidate['year']})" if candidate.get("year") else ""
    there = gettext(", in the library already: merge") if candidate.get("in_library") else ""
    return f"{candidate['name']}{year} · {candidate['provider']} · {candidate['score']:.0%}{there}"
