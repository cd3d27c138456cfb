"""What scans found that a person should look at, with what can be done about it; for administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.pages import feedback
from aniworld.pages import scan as scanning_page
from aniworld.pages.access import action, members
from aniworld.paging import page_of
from aniworld.refusals import Invalid
from library import bell, scanning
from library.models import Finding, Scan
from library.scanner import linking

FINDINGS_A_PAGE = 50
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


@dataclass(frozen=True)
class Candidate:
    """A series of a catalogue that an adopted one may be."""

    number: int
    name: str
    year: int | None
    percent: int


def _administrators(view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _candidates(finding: Finding) -> list[Candidate]:
    return [
        Candidate(number, one["name"], one.get("year"), round(100 * one["score"]))
        for number, one in enumerate(finding.candidates or [])
    ]


def _shown(request: HttpRequest) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    kind = kind if kind in Finding.Kind.values else ""
    waiting = Finding.objects.waiting()
    rows = waiting.filter(kind=kind) if kind else waiting
    ordered = rows.select_related("series").order_by("kind", "path")
    page = page_of(ordered, FINDINGS_A_PAGE, request.GET.get("page"))
    counts = dict(waiting.order_by().values_list("kind").annotate(n=Count("pk")))
    return {
        "findings": [(finding, _candidates(finding)) for finding in page.object_list],
        "page": page,
        "kind": kind,
        "kinds": [(value, words, counts[value]) for value, words in Finding.Kind.choices if value in counts],
        "total": sum(counts.values()),
        "last_scan": Scan.objects.filter(status=Scan.Status.COMPLETED).order_by("-ended_at").first(),
        **scanning_page.shown(request),
        "without_findings": True,
        "part_address": f"{reverse('findings-part')}?{request.GET.urlencode()}",
    }


@_administrators
@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/findings.html", _shown(request))


@_administrators
@members
def part(request: HttpRequest) -> HttpResponse:
    """The list alone."""
    return render(request, "parts/findings.html", _shown(request))


def _back(request: HttpRequest) -> str:  # noqa: ARG001 - the same for every form
    return reverse("findings")


def _link(finding: Finding, request: HttpRequest) -> str:
    choice = request.POST.get("choice", "")
    if not (choice.isascii() and choice.isdigit() and len(choice) < 4):
        raise Http404
    return _("“%s” has its catalogue now, and is being loaded.") % linking.link(finding, int(choice))


def _ignore(finding: Finding, request: HttpRequest) -> str:  # noqa: ARG001 - one of VERBS
    finding.ignore()
    return _("“%s” is ignored: it is not shown here any more.") % finding.path


def _look_again(finding: Finding, request: HttpRequest) -> str:  # noqa: ARG001 - one of VERBS
    finding.look_again()
    bell.ring_for_matching()
    return _("The catalogues are asked for “%s” again.") % finding.path


def _look_for(finding: Finding, request: HttpRequest) -> str:
    words = request.POST.get("words", "").strip()
    if not words:
        raise Invalid(_("Write a title, or the address of the series at a catalogue."), "no_words")
    count = linking.look_for(finding, words)
    if not count:
        return _("No enabled catalogue has a series called “%s”.") % words
    return ngettext("%d series may be it: choose it.", "%d series may be it: choose one.", count) % count


def _scan_again(finding: Finding, request: HttpRequest) -> str:  # noqa: ARG001 - one of VERBS
    scanning.start_folders([finding.path.partition("/")[0]])
    return _("Its folder is being scanned.")


VERBS: dict[str, Callable[[Finding, HttpRequest], str]] = {
    "link": _link,
    "ignore": _ignore,
    "look-again": _look_again,
    "look-for": _look_for,
    "scan-again": _scan_again,
}


@_administrators
@action(_back)
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One of `VERBS` for one finding."""
    if verb not in VERBS:
        raise Http404
    finding = get_object_or_404(Finding.objects.select_related("series"), pk=pk)
    message = VERBS[verb](finding, request)
    return feedback.done(request, message, _back(request), ("findings", "scan", "library"))
