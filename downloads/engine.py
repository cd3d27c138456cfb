"""One item: sources in order → resolve → fetch → check → arrive. Every try is recorded with why it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from aniworld import logs
from aniworld.configuration import store
from aniworld.refusals import Refused
from downloads import arrival, diskplan, endings, landing, place_mark
from downloads.control import Control, went_without
from downloads.endings import Ending
from downloads.fetchers import fetch
from downloads.fetchers.base import Fetched, Job
from downloads.interruptions import (
    CatalogueFailed,
    HostsOff,
    Interrupted,
    MustWait,
    Stalled,
    TooSlow,
    TransferFailed,
    Untrue,
)
from downloads.models import Attempt, QueueItem
from downloads.pace import Shared
from downloads.rounds import Round, everything_rests
from downloads.workfolder import WorkFolder, size
from library.files import is_disk_full
from library.naming import episode_path
from library.root import filled_root
from providers import monitored, registry
from providers.chain import Candidate, Chain, order
from providers.contracts import Language, Source
from providers.exceptions import Expired, ProviderError, TimedOut
from providers.http import Client
from providers.models import Provider

logger = logging.getLogger(__name__)

# What ends the work at an item, and not only at one source of it.
_NOT_ITS_DOING = (Interrupted, MustWait, Refused, OSError, AnyDatabaseError)
# How often a stream's address is resolved anew at one source although the last one brought nothing.
IDLE_RESOLVES = 2


@dataclass(frozen=True, slots=True)
class Work:
    """What the steps of one item share."""

    item: QueueItem
    control: Control
    folder: WorkFolder


@dataclass(slots=True)
class Course:
    """How far one try at a source got: whether its link led to a stream, and whether that is being fetched."""

    is_resolved: bool = False
    is_fetching: bool = False


class _Clients:
    """The client in force for a host, asked for by each connection; the last one known while the database is away."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._last = registry.media_client(host)

    def __call__(self) -> Client:
        try:
            self._last = registry.media_client(self._host)
        except AnyDatabaseError as error:
            went_without(error)
        return self._last


def run(item: QueueItem, *, at_once: bool = False) -> None:
    """Brings a leased item to its end, or gives it back with its bytes. Never raises for what the outside does.

    `at_once`: somebody wants it now, whatever the window and the number of downloads at once say.
    """
    folder = WorkFolder(Path(settings.WORK_DIR), item.pk, item.token)
    with logs.about(item=item.pk, series=item.series.key, episode=item.episode.code, provider=item.provider or "-"):
        logger.info("Begins")
        try:
            with Control(item, at_once=at_once) as control:
                ending = _work(Work(item, control, folder))
        except Exception as error:
            ending = _ending_for(item, folder, error)
        with logs.about(provider=item.provider or "-"):
            endings.write(item, ending)


def _ending_for(item: QueueItem, folder: WorkFolder, error: Exception) -> Ending:
    """What becomes of the item when the work at it could not go its whole way."""
    if isinstance(error, Interrupted):
        return endings.interrupted(item, folder, error)
    if isinstance(error, MustWait):
        return endings.wait(item, error)
    if isinstance(error, Refused):
        # The folder is not there, or its configuration gives no usable name: an operator has to mend it.
        return endings.wait(item, MustWait(QueueItem.PauseReason.LIBRARY, str(error)))
    if isinstance(error, OSError) and is_disk_full(error):
        return endings.wait(item, diskplan.full(Path(settings.WORK_DIR)))
    if isinstance(error, CatalogueFailed):
        return endings.catalogue_failed(item, error)
    if isinstance(error, endings.AWAY):
        return endings.database_away(item, error)
    return endings.nothing_tried(item, _explained(error))


def _explained(error: Exception) -> ProviderError | TransferFailed:
    """The error itself where it was foreseen, else one that a person can read."""
    if isinstance(error, ProviderError | TransferFailed):
        return error
    logger.error("An error of this program", exc_info=error)
    return TransferFailed(_("An error of this program (%s); the log has more.") % type(error).__name__)


def _work(work: Work) -> Ending:
    """The whole way; answers what is to be written about the item at the end."""
    filled_root()
    # A template that gives no name is noticed now, and not after a download.
    episode_path(work.item.series, work.item.episode, work.item.language)
    _take_over(work)
    landed = (
        arrival.find_landed(work.folder)
        or landing.from_quarantine(work.item, work.folder, work.control)
        or arrival.find_standing(work.item, [language.value for language in _wanted(work.item)], work.control)
    )
    if landed:
        return endings.arrived(work.item, work.folder, landed)
    diskplan.plan(work.item)
    resting = everything_rests()
    if resting is not None:
        return endings.all_rest(work.item, resting)
    around = Round(work.item, work.control, [candidate.source for candidate in _candidates(work)])
    source = around.next()
    while source:
        result = _try(work, source, around)
        if isinstance(result, arrival.Landed):
            return endings.arrived(work.item, work.folder, result)
        source = result
    return endings.round_over(work.item, around)


def _take_over(work: Work) -> None:
    """Adopts what is in the work folder, and says where the item goes on when it had bytes: from them, or from none."""
    item, place = work.item, place_mark.of_work()
    before, elsewhere = item.downloaded_bytes, item.lies_elsewhere(place)
    work.folder.adopt()
    had = size(work.folder.path)
    if had or before:
        told = _took_up(had, before, place_mark.host_of(item.work_place) if elsewhere else "")
        Attempt.objects.goes_on(item, told, elsewhere=elsewhere)
    if elsewhere:
        logger.info("Taken over from %s, with %d of %d bytes", item.work_place, had, before)
    if item.work_place != place or (before and not had):
        item.found_at(place, had)


def _took_up(had: int, before: int, there: str) -> str:
    """What to say of an item with so many bytes here, and before somewhere; `there`: on that other machine."""
    facts = {"size": f"{before / 1e6:.1f}", "there": there}
    if there and had:
        text = _("Went on on another machine, from what that had of it itself; %(size)s MB lie on %(there)s.")
    elif there:
        text = _("Began anew on another machine: the %(size)s MB that were there lie on %(there)s.")
    elif had:
        return _("Went on from the %.1f MB that were there.") % (had / 1e6)
    else:
        text = _("Began anew: the %(size)s MB that were there are gone.")
    return text % facts


def _candidates(work: Work) -> Sequence[Candidate]:
    """The sources to try in order. Raises `ProviderError` of the catalogue, `TransferFailed` when none fits."""
    item = work.item
    try:
        catalogue = registry.catalogue(item.series.provider, _wanted(item)[0])
        time_limit = registry.media_client(item.series.provider).policy.timeout
        sources = work.control.patiently(lambda: catalogue.sources(item.episode.link), time_limit).sources
    except ProviderError as error:
        raise CatalogueFailed(item.series.provider, error) from error
    wanted = _wanted(item)
    chain = order(sources, wanted)
    if not chain.candidates:
        raise _nothing_to_try(chain, wanted)
    logger.info("First host: %s", chain.candidates[0].reason)
    return chain.candidates


def _wanted(item: QueueItem) -> list[Language]:
    """The languages that will do, in the order of the plan."""
    return [Language(item.language)] if item.language_fixed else list(item.series.wanted_languages())


def _nothing_to_try(chain: Chain, wanted: Sequence[Language]) -> TransferFailed:
    """Why there is no source: the hosts that have it are switched off, or nobody has it in a wanted language."""
    names = ", ".join(language.value for language in wanted)
    known = Provider.known()
    off = {known[one.source.host].display_name for one in chain.dropped if one.source.host in known}
    if any(one.source.language in wanted for one in chain.dropped) and off:
        facts = {"wanted": names, "hosts": ", ".join(sorted(off))}
        return HostsOff(_("Every host that has it in %(wanted)s is switched off: %(hosts)s.") % facts)
    offered = ", ".join(sorted({one.source.language.value for one in chain.dropped})) or _("nothing")
    return TransferFailed(
        _("No usable source in %(wanted)s; the catalogue offers %(offered)s.") % {"wanted": names, "offered": offered}
    )


def _try(work: Work, source: Source, around: Round) -> arrival.Landed | Source | None:
    """One source to its end. What it brought, or the source that is tried next."""
    attempt = Attempt.objects.begin(work.item, source.host, source.language)
    folder = work.folder.source(source.host, source.language, source.link)
    had, began = size(folder), time.monotonic()
    landed: arrival.Landed | None = None
    course = Course()
    failure: ProviderError | TransferFailed | None = None
    with logs.about(provider=source.host):
        try:
            landed = _from_source(work, source, folder, course)
            attempt.turned_out(landed.language)
        except _NOT_ITS_DOING:
            raise
        except Exception as error:
            # A cancel ends the blocked call first, and whatever that raised is not what happened.
            work.control.check_item()
            failure = _explained(error)
            logger.warning("%s: %s", failure.outcome, failure)
            # What failed its check was moved away.
            brought = work.item.downloaded_bytes if isinstance(failure, Untrue) else size(folder)
            code = getattr(failure, "code", "")
            attempt.end(failure.outcome, str(failure), size=max(0, brought - had), code=code)
    if course.is_resolved:
        # Before that it was no download, and what the host answered is recorded already.
        monitored.record_download(
            source.host,
            successful=failure is None,
            seconds=time.monotonic() - began,
            size=max(0, work.item.downloaded_bytes - had),
            language=landed.language if landed else source.language,
            error=_of_the_host(failure, course),
        )
    return landed or _after(source, around, attempt, failure)


def _of_the_host(failure: ProviderError | TransferFailed | None, course: Course) -> ProviderError | None:
    """What a failed download says about its host; a plain `ProviderError`: nothing that is not known already."""
    if isinstance(failure, Stalled | TooSlow):
        return TimedOut(str(failure))
    if failure is None or (isinstance(failure, ProviderError) and course.is_fetching):
        return failure
    # The host delivered what it has, or it failed to resolve the link once more, which was noted then.
    return ProviderError(str(failure))


def _after(
    source: Source, around: Round, attempt: Attempt, failure: ProviderError | TransferFailed | None
) -> Source | None:
    """The source that takes over from one that failed."""
    if failure:
        around.failed(source, failure)
    following = around.next()
    if following:
        attempt.hand_over(following.host)
    return following


def _from_source(work: Work, source: Source, folder: Path, course: Course) -> arrival.Landed:
    fetched = _fetch(work, source, folder, course)
    facts, language = landing.checked(work.item, fetched, source, _wanted(work.item), work.control)
    landed = landing.land(work.item, work.folder, fetched.path, facts, language, work.control)
    return replace(landed, guessed=source.language.value if source.is_guess else "")


def _fetch(work: Work, source: Source, folder: Path, course: Course) -> Fetched:
    """Resolves and fetches; an address that ran out is resolved again as long as each one brings something."""
    host, rules, idle = registry.host(source.host), store.current().downloads, 0
    pace, clients = Shared(work.control, source.host), _Clients(source.host)
    while True:
        before, time_limit = size(folder), clients().policy.timeout
        course.is_fetching = False
        stream = work.control.patiently(lambda: host.resolve(source.link, source.language), time_limit)
        course.is_resolved = course.is_fetching = True
        work.item.use(source.host, stream.url)
        job = Job(
            stream=stream,
            clients=clients,
            folder=folder,
            control=work.control,
            connections=rules.connections_per_download,
            quality=rules.preferred_quality,
            work_root=Path(settings.WORK_DIR),
            pace=pace,
            audio=source.language.audio,
        )
        try:
            return _fetched(job)
        except Expired:
            work.control.check_item()
            idle = idle + 1 if size(folder) <= before else 0
            if idle > IDLE_RESOLVES:
                raise
            logger.info("The address ran out and is resolved again")


def _fetched(job: Job) -> Fetched:
    """What comes of the job, which may take hours.

    A connection to PostgreSQL stays meanwhile, with the plans for the next claim: to make one takes longer than the
    claim. One to SQLite is made at once, and what it holds is memory of this process.
    """
    if connection.in_atomic_block:
        return fetch(job)
    if connection.vendor == "sqlite":
        connection.close()
    try:
        return fetch(job)
    finally:
        # One that was cut since is noticed, and not taken for the next question.
        close_old_connections()
