"""Moving in: what is brought from elsewhere, looked over before it is taken; for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from aniworld.live.models import Progress
from aniworld.pages.settings import VIA, administrators, show, who
from aniworld.refusals import NotThere, Refused
from integrations.moving import exporting, imports, texts
from integrations.moving.api import as_file
from integrations.moving.models import ImportLine, ImportRun
from providers.contracts import Language

LINES_A_PAGE = 100
_AGAIN = (*ImportLine.AGAIN, ImportLine.State.FAILED)


@dataclass(frozen=True)
class Counted:
    """A state of lines, in words, and how many are in it."""

    state: str
    words: str
    count: int


@sensitive_post_parameters("api_key")
@administrators
def page(request: HttpRequest) -> HttpResponse:
    """The three ways in, what was brought so far, and the ways out; a form sent begins an import."""
    if request.method != "POST":
        return _ways(request)
    try:
        run = _begun(request)
    except Refused as refusal:
        return _ways(request, problem=str(refusal), status=refusal.status)
    return HttpResponseRedirect(reverse("settings-move-in-run", args=[run.pk]))


@administrators
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """An import: how far it is, and its lines with what can be chosen; forms sent change something of it."""
    run = _found(pk)
    if request.method != "POST":
        return show(request, "move_in_run", {**_shown(request, run), "title": run.title})
    back = f"{reverse('settings-move-in-run', args=[pk])}?{request.GET.urlencode()}".rstrip("?")
    try:
        if _done(request, run):
            back = reverse("settings-move-in")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return HttpResponseRedirect(back)


@administrators
def part(request: HttpRequest, pk: int) -> HttpResponse:
    """The living part of that page."""
    return render(request, "parts/move_in_run.html", _shown(request, _found(pk)))


@administrators
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """What did not come over, as CSV."""
    run, left_over = _found(pk), "all" not in request.GET
    return as_file(exporting.report_csv(run, left_over=left_over), f"import-{pk}.csv", "text/csv")


def _found(pk: int) -> ImportRun:
    try:
        return imports.find(pk)
    except NotThere:
        raise Http404 from None


def _ways(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    given = {
        name: request.POST.get(name, "")[:2000] for name in ("kind", "text", "address", "folder", "mode", "language")
    }
    context = {
        "title": _("Move in"),
        "runs": ImportRun.objects.all()[:20],
        "languages": list(Language),
        "given": given,
        "problem": problem,
        "most_lines": texts.MOST_LINES,
    }
    return show(request, "move_in", context, status=status)


def _begun(request: HttpRequest) -> ImportRun:
    given, by = request.POST, who(request)
    options: dict[str, Any] = {"download": "download" in given or None}
    if given.get("plan"):
        options["language_plan"] = {"order": [given["plan"]], "fallback": "fallback" in given}
    if given.get("monitored") in ("yes", "no"):
        options["monitored"] = given["monitored"] == "yes"
    if given.get("kind") == ImportRun.Kind.SONARR:
        return imports.from_sonarr(given.get("address", ""), given.get("api_key", ""), options=options, by=by)
    if given.get("kind") == ImportRun.Kind.FOLDER:
        files = {"mode": given.get("mode"), "language": given.get("language")}
        return imports.from_folder(given.get("folder", ""), options=files, by=by)
    file = request.FILES.get("file")
    if file is not None:
        name = " ".join((file.name or "").split())[:200]
        text = texts.decoded(file.read(texts.LARGEST_FILE + 1))
        return imports.from_links(text, place=name, options=options, by=by)
    return imports.from_links(texts.decoded(given.get("text", "").encode()), options=options, by=by)


def _done(request: HttpRequest, run: ImportRun) -> bool:
    """What the pressed button asks for; whether the import is gone after it. Raises `Refused`."""
    verb, _colon, number = request.POST.get("verb", "").partition(":")
    if verb == "apply":
        imports.apply(run, by=who(request), via=VIA)
    elif verb == "cancel":
        run.cancel()
    elif verb == "delete":
        imports.delete(run)
        messages.success(request, _("The import was forgotten. What it brought stays."))
        return True
    elif verb == "retry-all":
        left = (ImportLine.State.UNREACHABLE, ImportLine.State.FAILED)
        imports.look_again(run, list(ImportLine.objects.filter(run=run, state__in=left)))
    elif number.isdecimal() and len(number) < 7:
        _change(request, verb, imports.line_of(run, int(number)))
    return False


def _change(request: HttpRequest, verb: str, line: ImportLine) -> None:
    if verb == "retry":
        imports.look_again(line.run, [line])
    elif verb == "leave":
        imports.choose(line, chosen=False)
    elif verb == "want":
        imports.choose(line, chosen=True)
    elif verb == "choose":
        link = request.POST.get(f"link-{line.number}", "").strip()[:1000]
        choice = request.POST.get(f"choice-{line.number}", "")
        imports.choose(line, choice=int(choice[:4]) if choice.isdecimal() and not link else None, link=link)


def _shown(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    lines = ImportLine.objects.filter(run=run)
    counts = lines.counts()
    state = request.GET.get("state", "")
    rows = lines.filter(state=state) if state in counts else lines
    labels = dict(ImportLine.State.choices)
    return {
        "run": run,
        "page": Paginator(rows.order_by("number"), LINES_A_PAGE).get_page(request.GET.get("page")),
        "counts": [Counted(name, str(labels[name]), count) for name, count in counts.items() if count],
        "state": state if state in counts else "",
        "wanted": lines.to_apply().count(),
        "stuck": counts["unreachable"] + counts["failed"],
        "again": (ImportLine.State.FAILED,) if run.kind == ImportRun.Kind.FOLDER else _AGAIN,
        "progress": Progress.objects.active().filter(pk=run.progress_id).first() if run.is_under_way else None,
        "part_address": f"{reverse('move-in-part', args=[run.pk])}?{request.GET.urlencode()}",
    }
