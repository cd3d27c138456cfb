"""Takes over what was chosen of an import, a line at a time: each ends as done, or with the reason why not."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from aniworld.refusals import Conflict, Explained, Refused
from downloads import diskplan
from integrations.moving import foreign
from integrations.moving.looking import language_plan, source_of
from integrations.moving.models import ImportLine, ImportRun
from library import catalog, scanning
from library.files import Arrived, arrive, library_root, take_copy
from library.models import Series

log = logging.getLogger(__name__)

State = ImportLine.State
MODES = ("move", "copy", "hardlink")
Report = Callable[[int], None]


def take_over(run: ImportRun, line: ImportLine, report: Report) -> None:
    """One line. Raises nothing of what a line can meet; `report` hears of bytes, and what it raises stops the work."""
    try:
        if run.kind == ImportRun.Kind.FOLDER:
            _bring(run, line, report)
        else:
            _add(run, line)
    except catalog.AlreadyThere as there:
        line.pass_over(State.THERE, str(there), series_key=there.key)
    except (Explained, OSError) as error:
        log.info("Line %d could not be taken over: %s", line.number, error)
        line.pass_over(State.FAILED, str(error) or type(error).__name__)


def finish(run: ImportRun) -> None:
    """What is to be done when all lines are through: files that came are found by a scan of their folders."""
    if run.kind != ImportRun.Kind.FOLDER:
        return
    targets = run.lines.filter(state=State.DONE).values_list("target", flat=True)
    folders = sorted({target.partition("/")[0] for target in targets if "/" in target})
    if folders:
        try:
            scanning.start_folders(folders)
        except Conflict:
            # The one that runs may have passed them by; the next one finds them.
            log.info("A scan is under way already; what was brought is found by the next one")


def _add(run: ImportRun, line: ImportLine) -> None:
    chosen = line.candidate
    if chosen is None:
        line.pass_over(State.FAILED, _("Nothing is chosen for it."))
        return
    wishes: dict[str, Any] = {
        "monitored": _monitored(run, line),
        "language_plan": language_plan(run, line),
        "download": bool(run.options.get("download")),
        "name": str(chosen.get("name") or "")[:500],
    }
    link = str(chosen.get("link") or "")
    if line.facts.get("link") and "://" in link:
        series = catalog.add(link=link, **wishes)
    else:
        series = catalog.add(key=chosen["slug"], provider=chosen["provider"], **wishes)
    _keep_ids(series, line)
    line.done(series_key=series.key)


def _monitored(run: ImportRun, line: ImportLine) -> bool:
    """As the other side had it, unless one answer was given for all."""
    told = run.options.get("monitored")
    if isinstance(told, bool):
        return told
    own = line.facts.get("monitored")
    return own if isinstance(own, bool) else str(own if own is not None else "yes").lower() not in ("no", "false", "0")


def _keep_ids(series: Series, line: ImportLine) -> None:
    """What the other side knew it by."""
    known: dict[str, Any] = {}
    for site in ("tvdb_id", "tmdb_id"):
        text = str(line.facts.get(site) or "")
        known[site] = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
    known["imdb_id"] = str(line.facts.get("imdb_id") or "")[:20]
    series.describe({site: value for site, value in known.items() if value and not getattr(series, site)})


def _bring(run: ImportRun, line: ImportLine, report: Report) -> None:
    source, wanted = source_of(line), PurePosixPath(line.target)
    mode = str(run.options.get("mode") or "copy")
    if not _is_unchanged(source, Path(line.facts["base"]), line):
        if mode == "move" and _has_come(wanted, line):
            # Its worker ended between the move and this row.
            line.done()
            return
        raise Refused(_("The file is gone or was changed since the preview. Import the folder again."), "changed")
    if mode == "copy" and diskplan.free(library_root()) < line.facts["size"]:
        raise Refused(_("There is no room for it in the library."), "disk_full")
    beside = foreign.companions(source)
    arrived = _put(source, wanted, mode, report)
    if arrived.kept:
        line.pass_over(State.THERE, _("A file of this name is in the library. It stays."))
        return
    for one in beside:
        _put_beside(one, source, arrived.path, mode, report)
    line.done(target=str(arrived.path))


def _put(source: Path, wanted: PurePosixPath, mode: str, report: Report) -> Arrived:
    if mode == "move":
        return arrive(source, wanted, "keep", report=report)
    return take_copy(source, wanted, as_link=mode == "hardlink", report=report)


def _put_beside(one: Path, video: Path, arrived: PurePosixPath, mode: str, report: Report) -> None:
    """A subtitle that can't come is no reason to fail the video."""
    try:
        _put(one, arrived.with_name(arrived.stem + one.name[len(video.stem) :]), mode, report)
    except (Explained, OSError) as error:
        log.warning("A file beside a video stays where it is: %s", error)


def _is_unchanged(source: Path, base: Path, line: ImportLine) -> bool:
    """The very file of the preview, where it was, and no link by now."""
    try:
        found = source.stat(follow_symlinks=False)
        inside = source.resolve(strict=True).is_relative_to(base.resolve(strict=True))
    except (OSError, RuntimeError):
        return False
    same = (found.st_size, found.st_mtime) == (line.facts["size"], line.facts["mtime"])
    return inside and stat.S_ISREG(found.st_mode) and same


def _has_come(wanted: PurePosixPath, line: ImportLine) -> bool:
    try:
        found = library_root().joinpath(wanted).stat(follow_symlinks=False)
    except OSError:
        return False
    return (found.st_size, found.st_mtime) == (line.facts["size"], line.facts["mtime"])
