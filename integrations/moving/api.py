"""`/api/imports` and `/api/exports`."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import Line, Paging, Problem, RowId, page
from aniworld.refusals import Conflict
from integrations.moving import exporting, imports, texts
from integrations.moving.models import ImportLine, ImportRun
from integrations.moving.schemas import ImportBody, LineBody, LineView, Options, ReportView, RunView, State, run_view

router = Router(tags=["imports"], auth=admin_only)
exports_router = Router(tags=["exports"], auth=signed_in)

Number = Annotated[int, Field(ge=1, le=texts.MOST_LINES)]
REFUSALS = {404: Problem, 409: Problem}


class Runs(Schema):
    """A page of imports."""

    items: list[RunView]
    total: int
    page: int
    limit: int


class Lines(Schema):
    """A page of lines."""

    items: list[LineView]
    total: int
    page: int
    limit: int


class LinesWanted(Paging):
    """Which lines."""

    state: State | None = None


class Cancelled(Schema):
    """Whether there was something to cancel."""

    cancelled: bool


class Uploaded(Schema):
    """What may be said of a list that is sent as a file."""

    name: Line = ""
    monitored: bool | None = None
    download: bool | None = None


def _who(request: HttpRequest) -> str:
    return str(user_of(request).get_username())


def answers_with(content_type: str) -> dict[str, Any]:
    """For the description of an operation whose answer is a file of that type, and no JSON."""
    return {"responses": {200: {"content": {content_type: {"schema": {"type": "string"}}}}}}


@router.post("", response={202: RunView, 422: Problem})
def begin(request: HttpRequest, body: ImportBody) -> Status[dict[str, Any]]:
    """Begins an import: its lines are looked up in the background, which changes nothing."""
    options, by = body.options.model_dump(exclude_none=True), _who(request)
    if body.kind == "links":
        run = imports.from_links(body.text, options=options, by=by)
    elif body.kind == "sonarr":
        run = imports.from_sonarr(body.address, body.api_key, options=options, by=by)
    else:
        run = imports.from_folder(body.folder, options=options, by=by)
    return Status(202, run_view(run))


@router.post("/upload", response={202: RunView, 422: Problem})
def upload(request: HttpRequest, file: File[UploadedFile], form: Form[Uploaded]) -> Status[dict[str, Any]]:
    """The same for a list of links as a file, as text or CSV of at most 5 MB in whatever encoding."""
    text = texts.decoded(file.read(texts.LARGEST_FILE + 1))
    options = Options(monitored=form.monitored, download=form.download).model_dump(exclude_none=True)
    name = form.name or " ".join((file.name or "").split())[:200]
    return Status(202, run_view(imports.from_links(text, place=name, options=options, by=_who(request))))


@router.get("", response=Runs)
def list_runs(request: HttpRequest, wanted: Query[Paging]) -> Any:
    """Imports, the newest first."""
    found = page(ImportRun.objects.all(), wanted.page, wanted.limit, lambda run: run)
    counted = ImportLine.objects.filter(run__in=[run.pk for run in found["items"]]).by_run()
    return {**found, "items": [run_view(run, counted.get(run.pk, {})) for run in found["items"]]}


@router.get("/{pk}", response={200: RunView, 404: Problem})
def one(request: HttpRequest, pk: RowId) -> dict[str, Any]:
    """An import."""
    return run_view(imports.find(pk))


@router.delete("/{pk}", response={204: None, **REFUSALS})
def delete(request: HttpRequest, pk: RowId) -> Status[None]:
    """Forgets it and its lines; what it brought stays."""
    imports.delete(imports.find(pk))
    return Status(204, None)


@router.get("/{pk}/lines", response={200: Lines, 404: Problem})
def lines(request: HttpRequest, pk: RowId, wanted: Query[LinesWanted]) -> Any:
    """Its lines, all or those in one state."""
    rows = ImportLine.objects.filter(run=imports.find(pk)).order_by("number")
    rows = rows.filter(state=wanted.state) if wanted.state else rows
    return page(rows, wanted.page, wanted.limit, lambda line: line)


@router.patch("/{pk}/lines/{number}", response={200: LineView, 422: Problem, **REFUSALS})
def choose(request: HttpRequest, pk: RowId, number: Number, body: LineBody) -> ImportLine:
    """Takes the line for one of its candidates or for the series at a link, or says whether it is wanted."""
    line = imports.line_of(imports.find(pk), number)
    imports.choose(line, choice=body.choice, chosen=body.chosen, link=body.link)
    return line


@router.post("/{pk}/lines/{number}/retry", response={202: RunView, **REFUSALS})
def retry(request: HttpRequest, pk: RowId, number: Number) -> Status[dict[str, Any]]:
    """Tries this line alone once more: the look, or the taking over."""
    run = imports.find(pk)
    imports.look_again(run, [imports.line_of(run, number)])
    return Status(202, run_view(run))


@router.post("/{pk}/retry", response={202: RunView, **REFUSALS})
def retry_all(request: HttpRequest, pk: RowId) -> Status[dict[str, Any]]:
    """Looks up once more whatever could not be reached, or takes over what failed."""
    run = imports.find(pk)
    left = (ImportLine.State.UNREACHABLE, ImportLine.State.FAILED)
    imports.look_again(run, list(ImportLine.objects.filter(run=run, state__in=left)))
    return Status(202, run_view(run))


@router.post("/{pk}/apply", response={202: RunView, **REFUSALS})
def apply(request: HttpRequest, pk: RowId) -> Status[dict[str, Any]]:
    """Takes over what was found and is wanted, in the background."""
    run = imports.find(pk)
    imports.apply(run, by=_who(request), via="api")
    return Status(202, run_view(run))


@router.post("/{pk}/cancel", response={202: Cancelled, **REFUSALS})
def cancel(request: HttpRequest, pk: RowId) -> Status[dict[str, bool]]:
    """Ends the work at it; what was taken over stays."""
    return Status(202, {"cancelled": imports.find(pk).cancel()})


@router.get("/{pk}/report", response={200: ReportView, **REFUSALS})
def report(request: HttpRequest, pk: RowId, left_over: bool = False) -> dict[str, Any]:
    """How each line ended, or only what did not come over."""
    run = imports.find(pk)
    if not run.gathered:
        raise Conflict(_("The import has no lines yet."), "no_lines")
    return {**run_view(run), "lines": list(exporting.report(run, left_over=left_over))}


@router.get("/{pk}/report.csv", response={200: str, 404: Problem}, openapi_extra=answers_with("text/csv"))
def report_csv(request: HttpRequest, pk: RowId, left_over: bool = False) -> HttpResponse:
    """The same as CSV."""
    return as_file(exporting.report_csv(imports.find(pk), left_over=left_over), f"import-{pk}.csv", "text/csv")


@exports_router.get(
    "/links.txt", response={200: str}, url_name="exports-text", openapi_extra=answers_with("text/plain")
)
def links_text(request: HttpRequest) -> HttpResponse:
    """The links of all series, one a line."""
    return as_file(exporting.links_text(), "series.txt", "text/plain")


@exports_router.get("/links.csv", response={200: str}, url_name="exports-csv", openapi_extra=answers_with("text/csv"))
def links_csv(request: HttpRequest) -> HttpResponse:
    """The same as CSV with titles, ids, languages and whether each is monitored."""
    return as_file(exporting.links_csv(), "series.csv", "text/csv")


@exports_router.get("/series", response=dict[str, Any], url_name="exports-series")
def series(request: HttpRequest) -> dict[str, Any]:
    """Every series with ids, language plan and whether it is monitored."""
    return exporting.series_json()


def as_file(text: str, name: str, content_type: str) -> HttpResponse:
    """A download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=f"{content_type}; charset=utf-8", headers=headers)
