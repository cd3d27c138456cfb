"""One item: sources in order → resolve → fetch → check → arrive. Every try is recorded with why it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from aniworld import logs
from aniworld.configuration import store
from aniworld.refusals import Refused
from downloads import arrival, diskplan, endings, quarantine, truth
from downloads.control import Control
from downloads.endings import Ending, Tried
from downloads.fetchers import fetch
from downloads.fetchers.base import Fetched, Job
from downloads.interruptions import CatalogueFailed, Interrupted, MustWait, TransferFailed, Untrue
from downloads.models import Attempt, QueueItem
from downloads.workfolder import WorkFolder, size
from library.files import ArrivalFailed, is_disk_full, library_root
from library.naming import episode_path
from providers import monitored, registry
from providers.chain import Candidate, order
from providers.contracts import Language, Source
from providers.exceptions import Expired, ProviderError

logger = logging.getLogger(__name__)

# How often a stream's address is resolved anew at one source although the last one brought nothing.
IDLE_RESOLVES = 2


@dataclass(frozen=True, slots=True)
class Work:
    """What the steps of one item share."""

    item: QueueItem
    control: Control
    folder: WorkFolder


def run(item: QueueItem) -> None:
    """Brings a leased item to its end, or gives it back with its bytes. Never raises for what the outside does."""
    folder = WorkFolder(Path(settings.WORK_DIR), item.pk, item.token)
    with logs.about(item=item.pk, series=item.series.key, episode=item.episode.code):
        logger.info("Begins")
        try:
            with Control(item) as control:
                ending = _work(Work(item, control, folder))
        except Exception as error:
            ending = _ending_for(item, folder, error)
        endings.write(ending)


def _ending_for(item: QueueItem, folder: WorkFolder, error: Exception) -> Ending:
    """What becomes of the item when the work at it could not go its whole way."""
    if isinstance(error, Interrupted):
        return endings.interrupted(item, folder, error)
    if isinstance(error, MustWait):
        return endings.wait(item, error.reason, str(error))
    if isinstance(error, Refused):
        # The folder is not there, or its configuration gives no usable name: an operator has to mend it.
        return endings.wait(item, QueueItem.PauseReason.LIBRARY, str(error))
    if isinstance(error, OSError) and is_disk_full(error):
        return endings.wait(item, QueueItem.PauseReason.DISK, str(diskplan.full(Path(settings.WORK_DIR))))
    if isinstance(error, CatalogueFailed):
        return endings.catalogue_failed(item, error)
    if isinstance(error, endings.AWAY):
        return endings.database_away(item, error)
    if not isinstance(error, ProviderError | TransferFailed):
        logger.exception("An error of this program", exc_info=error)
        error = TransferFailed(_("An error of this program (%s); the log has more.") % type(error).__name__)
    return endings.round_failed(item, [Tried(item.series.provider, error)])


def _work(work: Work) -> Ending:
    """The whole way; answers what is to be written about the item at the end."""
    library_root()
    # A template that gives no name is noticed now, and not after a download.
    episode_path(work.item.series, work.item.episode, work.item.language)
    diskplan.require(Path(settings.WORK_DIR), 1)
    work.folder.adopt()
    landed = arrival.find_landed(work.folder)
    if landed:
        return endings.arrived(work.item, work.folder, landed)
    candidates = _candidates(work)
    tried: list[Tried] = []
    for number, candidate in enumerate(candidates):
        following = candidates[number + 1].source.host if number + 1 < len(candidates) else ""
        result = _try(work, candidate.source, following)
        if isinstance(result, arrival.Landed):
            return endings.arrived(work.item, work.folder, result)
        tried.append(result)
    return endings.round_failed(work.item, tried)


def _candidates(work: Work) -> Sequence[Candidate]:
    """The sources to try in order. Raises `ProviderError` of the catalogue, `TransferFailed` when none fits."""
    item = work.item
    try:
        catalogue = registry.catalogue(item.series.provider)
        sources = work.control.patiently(lambda: catalogue.sources(item.episode.link)).sources
    except ProviderError as error:
        raise CatalogueFailed(item.series.provider, error) from error
    wanted = [Language(item.language)] if item.language_fixed else list(item.series.wanted_languages())
    candidates = order(sources, wanted)
    if not candidates:
        offered = ", ".join(sorted({source.language.value for source in sources})) or _("nothing")
        names = ", ".join(language.value for language in wanted)
        raise TransferFailed(
            _("No usable source in %(wanted)s; the catalogue offers %(offered)s.")
            % {"wanted": names, "offered": offered}
        )
    return candidates


def _try(work: Work, source: Source, following: str) -> arrival.Landed | Tried:
    """One source to its end."""
    attempt = Attempt.objects.begin(work.item, source.host, source.language)
    folder = work.folder.source(source.host, source.language, source.link)
    had, began = size(folder), time.monotonic()
    result: arrival.Landed | Tried
    with logs.about(provider=source.host):
        try:
            result = _from_source(work, source, folder)
        except (ProviderError, TransferFailed) as error:
            # A cancel ends the blocked call first, and whatever that raised is not what happened.
            work.control.check_item()
            logger.warning("%s: %s", error.outcome, error)
            attempt.end(error.outcome, str(error), size=max(0, size(folder) - had), following=following)
            result = Tried(source.host, error)
    failure = result.error if isinstance(result, Tried) else None
    monitored.record_download(
        source.host,
        successful=failure is None,
        seconds=time.monotonic() - began,
        size=max(0, work.item.downloaded_bytes - had),
        language=source.language,
        error=failure if isinstance(failure, ProviderError) else None,
    )
    return result


def _from_source(work: Work, source: Source, folder: Path) -> arrival.Landed:
    fetched = _fetch(work, source, folder)
    work.control.alive(120)
    try:
        facts = truth.check(
            fetched.path,
            declared=fetched.duration,
            median=work.item.episode.season_median_seconds(),
            alive=work.control.alive,
        )
    except Untrue as error:
        quarantine.keep(work.item, source.host, fetched.path, str(error))
        raise
    work.control.alive(120)
    try:
        return arrival.land(work.item, work.folder, fetched.path, facts, source.language, work.control)
    except ArrivalFailed as error:
        if error.disk_full:
            raise diskplan.full(library_root(), facts.size) from error
        raise MustWait(QueueItem.PauseReason.LIBRARY, str(error)) from error


def _fetch(work: Work, source: Source, folder: Path) -> Fetched:
    """Resolves and fetches; an address that ran out is resolved again as long as each one brings something."""
    host, rules, idle = registry.host(source.host), store.current().downloads, 0
    while True:
        before = size(folder)
        stream = work.control.patiently(lambda: host.resolve(source.link, source.language))
        work.item.use(source.host, stream.url)
        job = Job(
            stream=stream,
            client=registry.media_client(source.host),
            folder=folder,
            control=work.control,
            connections=rules.connections_per_download,
            quality=rules.preferred_quality,
            work_root=Path(settings.WORK_DIR),
        )
        # What may take hours holds no connection that the server could cut meanwhile.
        if not connection.in_atomic_block:
            connection.close()
        try:
            return fetch(job)
        except Expired:
            work.control.check_item()
            idle = idle + 1 if size(folder) <= before else 0
            if idle > IDLE_RESOLVES:
                raise
            logger.info("The address ran out and is resolved again")
