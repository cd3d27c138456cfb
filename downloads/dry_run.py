"""What a download of an episode would do now, in order, without doing it: only the catalogue is asked."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.refusals import Refused
from downloads import diskplan, obstacles
from downloads.models import QueueItem
from downloads.obstacles import Obstacle
from downloads.prospects import no_catalogue
from downloads.why import display_names
from library import held_files
from library.files import LibraryUnavailable, library_root
from library.models import Episode
from library.naming import episode_path
from providers import registry
from providers.chain import explain
from providers.contracts import Language, Source
from providers.exceptions import ProviderError

# A page must not wait longer for a catalogue.
PATIENCE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class PlannedSource:
    """A source in its place (from 1) with the reason for it; without a place it is not tried."""

    place: int | None
    provider: str
    name: str
    language: str
    reason: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """The plan. `expected_bytes` is a guess from the series' other files; `target` is below the library folder."""

    catalogue: str
    error: str
    sources: Sequence[PlannedSource]
    dropped: Sequence[PlannedSource]
    expected_bytes: int | None
    free_bytes: int | None
    target: str
    target_exists: bool
    on_existing: str
    prevented_by: Sequence[Obstacle]


def of_episode(episode: Episode, language: Language | None = None) -> DryRun:
    """For all wanted languages, or only for one. Takes as long as the catalogue, at most `PATIENCE_SECONDS`."""
    series, rules = episode.series, store.current().downloads
    wanted = [language] if language else list(series.wanted_languages())
    offered, error = _offered(episode, wanted[0])
    chain = explain(offered, wanted)
    names = display_names()
    sources = [_planned(place, one.source, one.reason, names) for place, one in enumerate(chain.candidates, 1)]
    expected = diskplan.estimate(episode, rules.preferred_quality)
    spoken = sources[0].language if sources else str(wanted[0])
    target, exists, unnamed = _target(episode, spoken)
    none_left = [] if sources or error else [Obstacle("no_source", _("No usable source offers a wanted language."))]
    return DryRun(
        catalogue=series.provider,
        error=error,
        sources=sources,
        dropped=[_planned(None, one.source, one.reason, names) for one in chain.dropped],
        expected_bytes=expected,
        free_bytes=_free(),
        target=target,
        target_exists=exists,
        on_existing=rules.on_existing,
        prevented_by=[*_prevented(episode, language, expected), *unnamed, *none_left],
    )


def _planned(place: int | None, source: Source, reason: str, names: dict[str, str]) -> PlannedSource:
    return PlannedSource(place, source.host, names.get(source.host, source.host), str(source.language), reason)


def _prevented(episode: Episode, language: Language | None, expected: int | None) -> list[Obstacle]:
    general = [*obstacles.of_series(episode.series), *obstacles.in_general(), *obstacles.of_room(expected)]
    live, files = QueueItem.objects.live().filter(episode=episode), held_files.files_of([episode]).get(episode.pk, [])
    if language:
        live, files = live.filter(language=language), [file for file in files if file.language == language]
    if files:
        general.append(Obstacle("downloaded", _("It is in the library already.")))
    if live.exists():
        general.append(Obstacle("queued", _("It is in the queue already.")))
    return general


def _offered(episode: Episode, wanted: Language) -> tuple[tuple[Source, ...], str]:
    """What the catalogue offers, or why it does not say."""
    if not episode.series.provider:
        return (), no_catalogue()
    answer: Future[tuple[Source, ...]] = Future()
    context = contextvars.copy_context()
    # It can't be interrupted itself; one that takes too long comes to its own end later.
    threading.Thread(target=context.run, args=(_ask, answer, episode, wanted), name="dry-run", daemon=True).start()
    try:
        return answer.result(PATIENCE_SECONDS), ""
    except ProviderError as error:
        return (), str(error)
    except TooLate:
        return (), _("The catalogue did not answer within %d seconds.") % PATIENCE_SECONDS


def _ask(answer: Future[tuple[Source, ...]], episode: Episode, wanted: Language) -> None:
    try:
        answer.set_result(registry.catalogue(episode.series.provider, wanted).sources(episode.link).sources)
    except Exception as error:
        answer.set_exception(error)
    finally:
        connection.close()


def _free() -> int | None:
    try:
        left = diskplan.left()
    except LibraryUnavailable:
        return None
    return max(0, min(left.work, left.library))


def _target(episode: Episode, language: str) -> tuple[str, bool, list[Obstacle]]:
    """Where the file would go, whether one is there, and what keeps it from having a name."""
    try:
        path = episode_path(episode.series, episode, language)
    except Refused as refusal:
        return "", False, [Obstacle("no_name", str(refusal))]
    try:
        return str(path), (library_root() / path).exists(), []
    except LibraryUnavailable:
        return str(path), False, []
