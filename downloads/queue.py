"""The verbs of the queue. API, pages, admin and commands call these and nothing below them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.live.publish import publish
from aniworld.refusals import Conflict, Invalid
from downloads import bell, expected_language, statistics
from downloads.models import Priority, QueueItem, QueueState, Undo
from library import held_files
from library.files import library_root
from library.models import Episode, Series
from providers.contracts import LANGUAGES, Language

# Room between two neighbours, so that a move writes one row.
GAP = 1024
# Items changed in one transaction: other writers wait meanwhile.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Skipped:
    """An episode that was not queued, and why."""

    season: int
    episode: int
    reason: str


@dataclass(frozen=True, slots=True)
class Enqueued:
    """Ids of the new items, in order."""

    added: list[int]
    skipped: list[Skipped]


@dataclass(frozen=True, slots=True)
class Removed:
    """How many items were cancelled or cleared, which ids are unknown, and what takes it back."""

    count: int
    missing: list[int]
    undo_id: str


def enqueue(
    series: Series,
    episodes: Sequence[Episode],
    *,
    priority: int = Priority.NORMAL,
    language: str | None = None,
    upgrade: bool = False,
    by: User | None = None,
) -> Enqueued:
    """Queues episodes of one series at the end of their priority; what is queued or on disk already is skipped.

    `upgrade`: what is there in a lesser language goes once they have arrived.

    Raises `LibraryUnavailable` (nothing could arrive), `Invalid` for an unknown language, and `Conflict` for a series
    that was removed or has no catalogue.
    """
    library_root()
    if not series.provider:
        text = _("“%s” has no catalogue, so nothing tells where its episodes are. Link it to one in the admin first.")
        raise Conflict(text % series.name, "no_catalogue")
    fixed, wanted = checked(language) if language else "", series.wanted_languages()
    with transaction.atomic():
        # The queue's row is locked before looking, so that two callers can't both find an episode free.
        first = QueueState.objects.now().take_positions(len(episodes) * GAP)
        if not Series.objects.live().filter(pk=series.pk).exists():
            raise Conflict(_("“%s” was removed from the library; restore it first.") % series.name)
        skipped = _refused(episodes, language)
        known = {(entry.season, entry.episode) for entry in skipped}
        fresh = [episode for episode in episodes if (episode.season, episode.number) not in known]
        _clear_failures(fresh)
        Episode.objects.filter(pk__in=[episode.pk for episode in episodes]).taken_up()
        items = QueueItem.objects.bulk_create(
            QueueItem(
                series=series,
                episode=episode,
                season=episode.season,
                language=fixed or expected_language.first_listed(wanted, episode),
                language_fixed=language is not None,
                priority=priority,
                upgrade=QueueItem.Upgrade.WANTED if upgrade else QueueItem.Upgrade.NO,
                position=first + number * GAP,
                requested_by=by,
            )
            for number, episode in enumerate(fresh)
        )
        added = [item.pk for item in items]
        if added:
            tell("items_added", added_ids=added)
            bell.ring(min(len(added), store.current().downloads.max_concurrent_downloads))
    return Enqueued(added, skipped)


def enqueue_missing(
    series: Series, *, priority: int = Priority.NORMAL, language: str | None = None, by: User | None = None
) -> Enqueued:
    """Queues every episode of the series that has no file."""
    return enqueue(series, missing(series), priority=priority, language=language, by=by)


def missing(series: Series) -> list[Episode]:
    """Its episodes without a file in the order to watch them, films and specials last; none without a catalogue."""
    if not series.provider:
        return []
    rows = Episode.objects.missing().filter(series=series).order_by("season", "number")
    return sorted(rows, key=lambda episode: episode.season == 0)


def checked(language: str) -> str:
    """The name of a language as it is kept. Raises `Invalid`."""
    try:
        return Language(language).value
    except ValueError:
        allowed = ", ".join(LANGUAGES)
        raise Invalid(
            _("There is no language “%(name)s”; %(allowed)s are.") % {"name": language, "allowed": allowed}
        ) from None


def _refused(episodes: Sequence[Episode], language: str | None) -> list[Skipped]:
    ids = [episode.pk for episode in episodes]
    live = QueueItem.objects.live().filter(episode__in=ids)
    held = held_files.files_of(episodes)
    if language:
        live = live.filter(language=language)
        held = {pk: [file for file in files if file.language == language] for pk, files in held.items()}
    queued, on_disk = set(live.values_list("episode", flat=True)), {pk for pk, files in held.items() if files}
    reasons = [
        (episode, "queued" if episode.pk in queued else "downloaded")
        for episode in episodes
        if episode.pk in queued | on_disk
    ]
    return [Skipped(episode.season, episode.number, reason) for episode, reason in reasons]


def _clear_failures(episodes: Sequence[Episode]) -> None:
    """A failed item whose episode is queued anew has nothing left to tell."""
    over = (QueueItem.Status.FAILED, QueueItem.Status.CANCELLED)
    QueueItem.objects.listed().filter(episode__in=episodes, status__in=over).update(cleared_at=timezone.now())


def start() -> QueueState:
    """Everything runs: also what was paused begins new downloads again."""
    return _switch(running=True, paused=False)


def stop() -> QueueState:
    """Nothing runs any more: what was downloading is pending again, with its bytes."""
    state = _switch(running=False)
    for item in QueueItem.objects.filter(status=QueueItem.Status.DOWNLOADING).select_related("series", "episode"):
        item.stop()
    statistics.forget()
    return state


def pause() -> QueueState:
    """Lets what is downloading end, and begins nothing new."""
    return _switch(paused=True)


def resume() -> QueueState:
    """Begins with new ones again."""
    return _switch(paused=False)


def _switch(*, running: bool | None = None, paused: bool | None = None) -> QueueState:
    state = QueueState.objects.now()
    state.switch(running=running, paused=paused)
    if state.may_start:
        bell.ring(store.current().downloads.max_concurrent_downloads)
    return state


def cancel(ids: Sequence[int], by: User | None = None) -> Removed:
    """Cancels live items, clears away those that are over. A worker notices within a second."""
    known = set(QueueItem.objects.listed().filter(pk__in=ids).values_list("pk", flat=True))
    before = cancel_all([pk for pk in ids if pk in known], leave_alone=True)
    unknown = [pk for pk in dict.fromkeys(ids) if pk not in known]
    return Removed(len(before), unknown, Undo.remember("removal", before, by) if before else "")


def cancel_all(ids: Sequence[int], *, leave_alone: bool = False) -> list[dict[str, Any]]:
    """Cancels or clears each; answers how those were before that it changed, for an undo.

    `leave_alone`: a person does not want their episodes, and nothing queues them again by itself.
    """
    before: list[dict[str, Any]] = []
    for batch in _batches(ids):
        with transaction.atomic():
            items = _held(QueueItem.objects.listed().filter(pk__in=batch))
            removed = [state for item in items if (state := _removed(item))]
            if removed:
                if leave_alone:
                    _leave_alone(items, {state["id"] for state in removed})
                tell("items_removed", removed_ids=[state["id"] for state in removed])
                before += removed
    return before


def _leave_alone(items: Sequence[QueueItem], removed: Collection[int]) -> None:
    """What had arrived was only taken out of the list."""
    given_up = [item.episode_id for item in items if item.pk in removed and item.status != QueueItem.Status.COMPLETED]
    Episode.objects.filter(pk__in=given_up).leave_alone(Episode.LeftAlone.REMOVED)


def _removed(item: QueueItem) -> dict[str, Any] | None:
    """Cancels or clears it; answers how it was before, or None when it was out of the lists already."""
    state = {"id": item.pk, "status": item.status, "by_user": item.pause_reason == QueueItem.PauseReason.USER}
    return state if item.cancel() or item.clear(timezone.now()) else None


def clear(status: str, by: User | None = None, *, only: int | None = None) -> Removed:
    """Takes all completed, failed or cancelled items out of the lists, or the one with the id `only` of them."""
    with transaction.atomic():
        rows = QueueItem.objects.listed().filter(status=status, **({} if only is None else {"pk": only}))
        ids = list(rows.values_list("pk", flat=True))
        if ids:
            rows.update(cleared_at=timezone.now())
            tell(f"{status}_cleared", cleared_count=len(ids))
    return Removed(len(ids), [], Undo.remember("clearing", ids, by) if ids else "")


def retry(ids: Sequence[int] = ()) -> tuple[list[int], list[dict[str, Any]]]:
    """Puts failed items back to pending. Answers ids retried, and those skipped and why.

    Without ids all that have not had all their tries (`max_retries`): a program may ask again and again.
    """
    wanted = list(dict.fromkeys(ids)) if ids else _failed()
    reasons: dict[int, str] = {}
    for batch in _batches(wanted):
        with transaction.atomic():
            # As for new items: two callers can't both find an episode free.
            QueueState.objects.locked()
            items = {item.pk: item for item in _held(QueueItem.objects.filter(pk__in=batch))}
            for pk in batch:
                reasons[pk] = _retried(items[pk], named=bool(ids)) if pk in items else "not_found"
            retried = [pk for pk in batch if not reasons[pk]]
            if retried:
                tell("items_retried", retried_ids=retried)
                bell.ring(len(retried))
    skipped = [{"id": pk, "reason": reason} for pk, reason in reasons.items() if reason]
    return [pk for pk, reason in reasons.items() if not reason], skipped


def retry_all() -> tuple[list[int], list[dict[str, Any]]]:
    """As a person says it of a list they see: each failed one is named, those that had all their tries as well."""
    failed = _failed()
    return retry(failed) if failed else ([], [])


def _failed() -> list[int]:
    rows = QueueItem.objects.listed().filter(status=QueueItem.Status.FAILED)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _retried(item: QueueItem, *, named: bool) -> str:
    """Why it can't be retried; empty when it is pending again."""
    return _no_retry(item, named=named) or ("" if item.retry() else "not_failed")


def _no_retry(item: QueueItem, *, named: bool) -> str | None:
    if item.status != QueueItem.Status.FAILED:
        return "not_failed"
    if item.series.deleted_at:
        return "series_removed"
    if not named and item.retry_count > store.current().downloads.max_retries:
        return "max_retries"
    if QueueItem.objects.live().rivals_of(item).exists():
        return "queued"
    return None


def prioritise(item: QueueItem, priority: int) -> bool:
    """Changes a live item's priority; False when it is over."""
    with transaction.atomic():
        changed = item.prioritise(priority)
        if changed:
            tell("priority_changed", item_id=item.pk)
    return changed


def prioritise_all(ids: Sequence[int], priority: int) -> int:
    """The same for many, so many together as fit a short transaction; answers how many it changed."""
    changed = 0
    for batch in _batches(ids):
        with transaction.atomic():
            changed += QueueItem.objects.filter(pk__in=batch).prioritise(priority)
            tell("priority_changed", item_ids=batch)
    return changed


def pause_all(ids: Sequence[int]) -> int:
    """Parks live items for a user; answers how many."""
    return _each(ids, QueueItem.pause)


def resume_all(ids: Sequence[int]) -> int:
    """Makes parked items pending and wakes workers for them; answers how many."""
    resumed = _each(ids, QueueItem.resume)
    if resumed:
        bell.ring(min(resumed, store.current().downloads.max_concurrent_downloads))
    return resumed


def _each(ids: Sequence[int], verb: Callable[[QueueItem], bool]) -> int:
    """Does it to each, so many together as fit a short transaction; answers how many it changed."""
    changed = 0
    for batch in _batches(ids):
        with transaction.atomic():
            changed += sum(verb(item) for item in _held(QueueItem.objects.filter(pk__in=batch)))
    statistics.forget()
    return changed


def pause_item(item: QueueItem) -> bool:
    """Parks a live item for a user; False when it is parked for one already, or over."""
    paused = item.pause()
    statistics.forget()
    return paused


def resume_item(item: QueueItem) -> bool:
    """Makes a parked item pending and wakes a worker for it."""
    resumed = item.resume()
    statistics.forget()
    if resumed:
        bell.ring()
    return resumed


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    """Each id once, so many together as fit a short transaction."""
    each = list(dict.fromkeys(ids))
    for first in range(0, len(each), BATCH):
        yield each[first : first + BATCH]


def _held(rows: QuerySet[QueueItem]) -> list[QueueItem]:
    """The items, locked before any event is written: a worker's report holds them in the same order."""
    return list(rows.select_related("series", "episode").select_for_update(of=("self",)).order_by("pk"))


def tell(action: str, **facts: Any) -> None:
    """Publishes that the queue as a whole changed, with its numbers."""
    statistics.forget()
    state = QueueState.objects.now()
    data = {"action": action, **facts, "is_running": state.is_running, "is_paused": state.is_paused}
    publish("queue_status", {**data, "statistics": statistics.statistics()})
