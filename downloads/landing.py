"""From a fetched file to one in the library: the check, the room for it, and the move."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from downloads import arrival, diskplan, quarantine, truth
from downloads.arrival import Landed
from downloads.control import Control
from downloads.fetchers.base import Fetched
from downloads.interruptions import MustWait, Untrue
from downloads.models import Attempt, QueueItem
from downloads.truth import MediaFacts
from downloads.workfolder import WorkFolder
from library.files import ArrivalFailed, library_root
from providers.contracts import Language, Source

logger = logging.getLogger(__name__)

SPECIALS = 0


def checked(
    item: QueueItem, fetched: Fetched, source: Source, wanted: Sequence[Language], control: Control
) -> tuple[MediaFacts, Language]:
    """What the fetched file is, and which of the wanted languages it counts as.

    Raises `Untrue`, with the file put away, when it is not what it should be.
    """
    control.alive(120)
    # Films and specials share a season and nothing else.
    median = item.episode.season_median_seconds() if item.season != SPECIALS else None
    try:
        promised = None if source.is_guess else source.language
        facts = truth.check(
            fetched.path, declared=fetched.duration, median=median, wanted=promised, alive=control.alive
        )
        return facts, promised or truth.guessed(fetched.path, facts, wanted)
    except Untrue as error:
        quarantine.keep(item, source.host, source.language, fetched.path, error)
        raise


def land(item: QueueItem, folder: WorkFolder, file: Path, facts: MediaFacts, language: str, control: Control) -> Landed:
    """Moves it into the library. Raises `MustWait` when there is no room for it, or it can't be written there."""
    control.alive(120)
    diskplan.demand_arrival(item, facts.size)
    try:
        return arrival.land(item, folder, file, facts, language, control)
    except ArrivalFailed as error:
        if error.disk_full:
            raise diskplan.full(library_root(), facts.size) from error
        raise MustWait(QueueItem.PauseReason.LIBRARY, str(error)) from error


def from_quarantine(item: QueueItem, folder: WorkFolder, control: Control) -> Landed | None:
    """Lands the file that somebody accepted although it failed its check; None when there is none."""
    row = quarantine.accepted(item)
    if row is None:
        return None
    file = quarantine.location(row)
    if not file.is_file():
        logger.warning("The accepted file is not in quarantine any more; the sources are tried again")
        row.delete()
        return None
    Attempt.objects.begin(item, row.provider, row.language)
    item.use(row.provider, "")
    facts = MediaFacts(row.size, row.duration or 0, int(row.facts.get("height") or 0), row.extension)
    return land(item, folder, file, facts, row.language, control)
