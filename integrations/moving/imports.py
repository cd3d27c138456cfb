"""The verbs of moving in: begin an import, choose among what it found, apply it, repeat a line, end it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import audit
from aniworld.refusals import Conflict, Invalid, NotThere
from integrations.moving import applying, foreign, looking, sonarr, texts, working
from integrations.moving.models import ImportLine, ImportRun
from library import catalog
from library.models.series import checked_language_plan
from providers.contracts import LANGUAGES, Language

_KNOWN_OPTIONS = frozenset({"language_plan", "monitored", "download", "mode", "language"})


def from_links(text: str, *, place: str = "", options: Mapping[str, Any], by: str) -> ImportRun:
    """A list of links or titles, as text or CSV. Raises `Invalid`."""
    rows = texts.rows(text)
    if not rows:
        raise Invalid(_("The list is empty."), "empty_list")
    with transaction.atomic():
        run = _begun(ImportRun.Kind.LINKS, place or _("%d lines") % len(rows), options, by, gathered=True)
        looking.write_lines(run, map(looking.of_row, rows))
    return run


def from_sonarr(address: str, api_key: str, *, options: Mapping[str, Any], by: str) -> ImportRun:
    """Sonarr's series. The key is kept until they were read, and shown to nobody. Raises `Invalid`."""
    place = sonarr.checked_place(address, api_key)
    return _begun(ImportRun.Kind.SONARR, place, options, by, api_key=api_key.strip())


def from_folder(folder: str, *, options: Mapping[str, Any], by: str) -> ImportRun:
    """A tree of files outside the library. Raises `Invalid`."""
    return _begun(ImportRun.Kind.FOLDER, str(foreign.checked_root(folder)), options, by)


def find(pk: int) -> ImportRun:
    """The import of that number. Raises `NotThere`."""
    run = ImportRun.objects.filter(pk=pk).first()
    if run is None:
        raise NotThere(_("There is no import %d.") % pk, "unknown_import")
    return run


def line_of(run: ImportRun, number: int) -> ImportLine:
    """Raises `NotThere`."""
    line = ImportLine.objects.filter(run=run, number=number).first()
    if line is None:
        raise NotThere(_("The import has no line %d.") % number, "unknown_line")
    return line


def choose(line: ImportLine, *, choice: int | None = None, chosen: bool | None = None, link: str = "") -> None:
    """Takes a line for one of its candidates, or for the series at a link; or says whether it is wanted at all.

    Raises `Invalid`, also for a file, which is what its name says, and `Conflict` for a line that is past that.
    """
    if (link or choice is not None) and line.run.kind == ImportRun.Kind.FOLDER:
        text = _("A file is taken for what its name says. Rename it there, and import the folder again.")
        raise Invalid(text, "named_by_file")
    if link:
        reference = catalog.reference_of(link)
        found = {"provider": reference.provider, "slug": reference.slug, "link": reference.site, "name": line.text}
        choice = line.offer({**found, "score": 1})
    if choice is not None:
        if not 0 <= choice < len(line.candidates):
            raise Invalid(_("There is no candidate number %d.") % choice, "no_candidate")
        one = line.candidates[choice]
        _demand(line.take_for(choice, looking.target_of(one["provider"], one["slug"])))
    if chosen is not None:
        _demand(line.want(chosen=chosen))


def apply(run: ImportRun, *, by: str, via: str) -> None:
    """Has what was found and is wanted taken over. Raises `Conflict` while it is under way, or with nothing to do."""
    count = ImportLine.objects.filter(run=run).to_apply().count()
    if not count:
        raise Conflict(_("Nothing of this import is left to be taken over."), "nothing_to_apply")
    with transaction.atomic():
        run.begin(ImportRun.Status.APPLYING)
        audit.record(by, via, "imported", run.title, {"lines": (None, count)})
        working.ring()


def look_again(run: ImportRun, lines: Collection[ImportLine]) -> int:
    """Tries some lines once more, and no others: those that could not be looked up, or not be taken over.

    Files are looked at with their folder alone, so of those only the taking over is repeated.

    Answers how many. Raises `Conflict` while the import is under way, or when there is nothing to repeat.
    """
    with transaction.atomic():
        failed = [line for line in lines if line.state == ImportLine.State.FAILED]
        if failed:
            # Of what was found and not taken over yet, nothing else is.
            run.lines.filter(state=ImportLine.State.MATCHED).update(chosen=False)
        again = failed or ([] if run.kind == ImportRun.Kind.FOLDER else lines)
        repeated = [line for line in again if line.look_again()]
        if not repeated:
            raise Conflict(_("There is nothing to repeat at this line."), "nothing_to_repeat")
        run.begin(ImportRun.Status.APPLYING if failed else ImportRun.Status.LOOKING)
        working.ring()
    return len(repeated)


def delete(run: ImportRun) -> None:
    """Forgets an import and its lines; what it brought stays. Raises `Conflict` while it is under way."""
    idle = ImportRun.objects.filter(pk=run.pk).exclude(status__in=ImportRun.UNDER_WAY)
    if not idle.delete()[0]:
        raise Conflict(_("The import is under way. Cancel it first."), "import_running")


def checked_options(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `Invalid`."""
    found = {name: value for name, value in options.items() if value is not None and value != ""}
    unknown = set(found) - _KNOWN_OPTIONS
    if unknown:
        raise Invalid(_("There is no option “%s”.") % sorted(unknown)[0], "invalid_option")
    if found.get("language_plan"):
        found["language_plan"] = checked_language_plan(found["language_plan"])
    if kind == ImportRun.Kind.FOLDER:
        if found.setdefault("mode", "copy") not in applying.MODES:
            raise Invalid(_("A file is brought by one of: %s.") % ", ".join(applying.MODES), "invalid_mode")
        if found.setdefault("language", Language.GERMAN_DUB.value) not in LANGUAGES:
            raise Invalid(_("The language is one of: %s.") % ", ".join(LANGUAGES), "invalid_language")
    return found


def _begun(kind: str, place: str, options: Mapping[str, Any], by: str, **more: Any) -> ImportRun:
    checked = checked_options(kind, options)
    with transaction.atomic():
        ImportRun.objects.prune()
        run = ImportRun.objects.create(kind=kind, place=place[:1000], options=checked, requested_by=by[:150], **more)
        working.ring()
    return run


def _demand(done: bool) -> None:
    if not done:
        raise Conflict(_("This line is past that."), "line_settled")
