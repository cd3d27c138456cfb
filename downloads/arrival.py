"""The last steps: a checked file moves into the library, then the rows say so.

The intention is written into the work folder before the rename. Whoever finds it there, with the file in its place,
only has the rows left to write: a kill between the two costs nothing and downloads nothing twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.alerts import raise_alert
from aniworld.configuration import store
from downloads import quarantine, truth
from downloads.control import Control
from downloads.interruptions import LeaseLost, Untrue
from downloads.models import QueueItem
from downloads.truth import MediaFacts
from downloads.workfolder import SLOW_DISK_SECONDS, WorkFolder, flush, read_journal, write_journal
from library.files import ArrivalFailed, arrive, library_root, locate
from library.metadata import episode_nfo
from library.models import EpisodeFile
from library.naming import episode_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Landed:
    """A file in the library that no row knows yet. `path` is relative to the library folder.

    `was_there`: it stood there before, and nothing was moved. `guessed`: the language it was listed in, where nothing
    told one.
    """

    path: str
    size: int
    mtime: float
    duration: float
    quality: str
    language: str
    was_there: bool = False
    guessed: str = ""


def land(item: QueueItem, folder: WorkFolder, file: Path, facts: MediaFacts, language: str, control: Control) -> Landed:
    """Moves the file to its final name, whole or not at all. Raises `ArrivalFailed` or OSError."""
    item.series.refresh_from_db(fields=["folder", "name", "year"])
    item.episode.refresh_from_db(fields=["title", "special_number"])
    wanted = episode_path(item.series, item.episode, language, facts.extension)
    control.alive(SLOW_DISK_SECONDS)
    flush(file)
    intended = Landed(str(wanted), facts.size, 0, facts.duration, facts.quality, language)
    note = {"arriving": asdict(intended), "inode": file.stat().st_ino, "since": time.time()}
    write_journal(folder.path, note, durable=True)
    if not item.renew():
        raise LeaseLost("The item was taken over just before its file arrived.")

    def report(_copied: int) -> None:
        control.alive(SLOW_DISK_SECONDS)

    arrived = arrive(file, wanted, store.current().downloads.on_existing, report=report)
    if arrived.kept:
        present = _facts_of(locate(arrived.path), control)
        if present:
            logger.info("%s is there already and stays", arrived.path)
            facts = present
        else:
            logger.warning("%s is there already and is no whole video; the new file gets another name", arrived.path)
            arrived = arrive(file, wanted, "number", report=report)
    return Landed(str(arrived.path), arrived.size, arrived.mtime, facts.duration, facts.quality, language, arrived.kept)


def find_standing(item: QueueItem, languages: Iterable[str], control: Control) -> Landed | None:
    """A whole file where the episode would go in the first of these languages that has one, and that no row knows.

    It is what a database that was restored has forgotten. None unless files that are there are kept. It changes
    nothing on disk. Raises `LibraryUnavailable`.
    """
    if store.current().downloads.on_existing != "keep":
        return None
    item.series.refresh_from_db(fields=["folder", "name", "year"])
    for language in languages:
        for extension in truth.EXTENSIONS:
            path = episode_path(item.series, item.episode, language, extension)
            try:
                landed = _standing(item, path, language, control)
            except (ArrivalFailed, OSError) as error:
                logger.warning("What is on disk already can't be read: %s", error)
                continue
            if landed:
                return landed
    return None


def _standing(item: QueueItem, path: PurePosixPath, language: str, control: Control) -> Landed | None:
    present = locate(path)
    if not present.is_file() or EpisodeFile.objects.filter(path=str(path)).exclude(episode=item.episode_id).exists():
        return None
    facts, found = _facts_of(present, control), present.stat()
    if facts is None:
        logger.warning("%s is there already and is no whole video; the episode is downloaded", path)
        return None
    return Landed(str(path), found.st_size, found.st_mtime, facts.duration, facts.quality, language, was_there=True)


def _facts_of(present: Path, control: Control) -> MediaFacts | None:
    """What a file that stood there before holds; None when it is not a whole video."""
    control.alive(SLOW_DISK_SECONDS)
    try:
        return truth.check(present, declared=None, median=None, alive=control.alive)
    except Untrue:
        return None


def find_landed(folder: WorkFolder) -> Landed | None:
    """What a predecessor moved into the library without living to write the rows.

    It is the very file (by its inode), or a copy of its size that came after the intention was noted.
    """
    noted = read_journal(folder.path)
    intended = noted.get("arriving")
    if not intended:
        return None
    landed, root = Landed(**intended), library_root()
    wanted = root / PurePosixPath(landed.path)
    names = [wanted, *wanted.parent.glob(f"{_literal(wanted.stem)} (*){_literal(wanted.suffix)}")]
    for path in names:
        if not path.is_file():
            continue
        found = path.stat()
        same = found.st_ino == noted.get("inode") or found.st_ctime >= noted.get("since", 0) - 2
        if same and found.st_size == landed.size:
            return Landed(**{**intended, "path": path.relative_to(root).as_posix(), "mtime": found.st_mtime})
    return None


def _literal(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


def record(item: QueueItem, landed: Landed) -> bool:
    """Writes file, episode, item, attempt and events in one transaction; False when the item is no longer ours.

    A cancel that came after the rename does not make the file go away: it is recorded for what it is.
    """
    with transaction.atomic():
        ours = item.complete(landed.path, landed.size, _note(item, landed), landed.language if landed.was_there else "")
        if ours or not QueueItem.objects.live().filter(pk=item.pk).exists():
            item.episode.record_file(
                language=landed.language,
                path=landed.path,
                size=landed.size,
                duration=landed.duration,
                mtime=landed.mtime,
                quality=landed.quality,
            )
            if landed.guessed:
                item.episode.turn_out(landed.language, guessed=landed.guessed)
    if ours:
        episode_nfo.arrived(item.episode, landed.path)
        if not landed.was_there:
            _tell(item, landed)
    return ours


def _note(item: QueueItem, landed: Landed) -> str:
    accepted = quarantine.accepted(item)
    if accepted:
        return quarantine.note(accepted)
    # An upgrade takes a note for a doubt, and keeps the lesser file.
    return _("It was on disk already.") if landed.was_there and not item.upgrade else ""


def _tell(item: QueueItem, landed: Landed) -> None:
    name = f"{item.series.name} {item.episode.code}"
    about = f"{item.series.key} {item.episode.code} {landed.language}"
    body = _("In %(language)s, as %(path)s.") % {"language": landed.language, "path": landed.path}
    raise_alert("episodes_arrived", _("%s arrived") % name, body, about=about)
