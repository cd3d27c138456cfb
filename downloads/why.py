"""Why an episode is where it is: what was tried, what was refused, and what happens next. It changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from aniworld import clock
from downloads import expected_language, obstacles, prospects
from downloads.models import Attempt, QuarantinedFile, QueueItem
from downloads.obstacles import Obstacle
from library import held_files
from library.models import Episode
from providers.models import Provider

# The newest ones of an item that was retried for months.
MOST_TRIED = 200
Status, Outcome = QueueItem.Status, Attempt.Outcome
# How an attempt ends that says nothing against its source.
_BLAMELESS = ("", Outcome.COMPLETED, Outcome.PARKED, Outcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A source that brought nothing: how often, and how it went the last time."""

    provider: str
    name: str
    language: str
    times: int
    outcome: str
    reason: str
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer. `state` is the item's status, or downloaded or missing for an episode that none is at work for."""

    state: str
    reason: str
    next_step: str
    next_at: datetime | None
    item: QueueItem | None
    tried: Sequence[Attempt]
    refused: Sequence[Refusal]
    quarantined: Sequence[QuarantinedFile]
    obstacles: Sequence[Obstacle]

    @property
    def language(self) -> str:
        """The language that the item will bring or brought; empty without one."""
        if self.item is None:
            return ""
        own = [attempt.language for attempt in self.tried if attempt.item_id == self.item.pk]
        return expected_language.of(self.item, own[-1] if own else "")


def of_item(item: QueueItem) -> Why:
    """Why this item is where it is."""
    kept = list(QuarantinedFile.objects.filter(item=item).select_related("item"))
    return _told(item, Attempt.objects.filter(item=item), kept)


def of_episode(episode: Episode) -> Why:
    """Why the episode is there, or is not; with all that was tried for it, by whichever item."""
    tried, kept = Attempt.objects.filter(item__episode=episode), _kept_for(episode)
    item = _telling(episode)
    if item and (item.status in QueueItem.LIVE or not episode.is_downloaded):
        return _told(item, tried, kept)
    state, next_at = "downloaded" if episode.is_downloaded else "missing", None
    if episode.is_downloaded:
        paths = " · ".join(file.path for file in held_files.files_of([episode]).get(episode.pk, []))
        reason, following = _("It is in the library: %s") % paths, _("Nothing is left to do.")
    else:
        prospect = prospects.of_missing(episode)
        reason, following, next_at = prospect.reason, prospect.next_step, prospect.next_at
    attempts = _newest(tried)
    return Why(state, reason, following, next_at, item, attempts, refused(attempts), kept, ())


def refused(attempts: Sequence[Attempt]) -> list[Refusal]:
    """Each source that failed once, in the order in which they were first tried."""
    names, failed = display_names(), dict[tuple[str, str], list[Attempt]]()
    for attempt in attempts:
        if attempt.outcome not in _BLAMELESS:
            failed.setdefault((attempt.provider, attempt.language), []).append(attempt)
    return [
        Refusal(
            provider, names.get(provider, provider), language, len(of), of[-1].outcome, of[-1].error, of[-1].ended_at
        )
        for (provider, language), of in failed.items()
    ]


def display_names() -> dict[str, str]:
    """What people call each provider."""
    return {name: row.display_name for name, row in Provider.known().items()}


def _telling(episode: Episode) -> QueueItem | None:
    """The item that tells most: a live one, else the newest."""
    rows = QueueItem.objects.filter(episode=episode).select_related("series", "episode")
    listed = rows.filter(Q(status__in=QueueItem.LIVE) | Q(cleared_at__isnull=True)).order_by("-pk")[:20]
    return max(listed, key=lambda item: (item.status in QueueItem.LIVE, item.pk), default=None)


def _kept_for(episode: Episode) -> list[QuarantinedFile]:
    return list(QuarantinedFile.objects.filter(item__episode=episode).select_related("item"))


def _newest(rows: QuerySet[Attempt]) -> list[Attempt]:
    return list(reversed(rows.order_by("-pk")[:MOST_TRIED]))


def _told(item: QueueItem, tried: QuerySet[Attempt], kept: Sequence[QuarantinedFile]) -> Why:
    attempts = _newest(tried)
    in_the_way = _in_the_way(item)
    following, when = _next(item, in_the_way, kept)
    return Why(
        str(item.status), _reason(item), following, when, item, attempts, refused(attempts), kept, tuple(in_the_way)
    )


def _in_the_way(item: QueueItem) -> list[Obstacle]:
    """Only what waits can be kept from beginning; what somebody paused waits for that somebody alone."""
    if item.status not in (Status.PENDING, Status.PAUSED):
        return []
    if item.pause_reason == QueueItem.PauseReason.USER:
        return obstacles.of_series(item.series)
    return [*obstacles.of_series(item.series), *obstacles.in_general()]


def _reason(item: QueueItem) -> str:
    """Why it is in its state, in a sentence."""
    if item.status == Status.PAUSED:
        why = _paused(item)
        return f"{why} {item.error_message}".strip() if item.error_message not in why else why
    if item.status == Status.COMPLETED:
        return item.note or _("It arrived whole.")
    if item.status == Status.FAILED:
        return item.error_message or _("It failed, and no reason was noted.")
    if item.status == Status.CANCELLED:
        return _("Somebody cancelled it.")
    if item.status == Status.DOWNLOADING:
        return _at_work(item)
    return item.error_message or _("It waits for its turn.")


def _at_work(item: QueueItem) -> str:
    """Who serves it; with a message, nobody does: a host that is tried takes it away, and only waiting says another."""
    if item.provider and not item.error_message:
        return _("%s serves it now.") % display_names().get(item.provider, item.provider)
    looks = _("A worker looks for a source.")
    return f"{looks} {item.error_message}".strip()


def _paused(item: QueueItem) -> str:
    sentences = {
        QueueItem.PauseReason.USER: _("It was paused by hand."),
        QueueItem.PauseReason.BLOCKED: _("Every source answered with a challenge or a login."),
        QueueItem.PauseReason.DISK: _("It waits for room on the disk."),
        QueueItem.PauseReason.LIBRARY: _("It waits for the library folder."),
        QueueItem.PauseReason.WINDOW: _("It waits for the hours in which downloads may run."),
    }
    return sentences.get(QueueItem.PauseReason(item.pause_reason), "")


def _next(item: QueueItem, found: list[Obstacle], kept: Sequence[QuarantinedFile]) -> tuple[str, datetime | None]:
    """What happens next, and when, where that is known."""
    if item.status == Status.PENDING:
        return _next_of_pending(item, found)
    if item.status == Status.PAUSED:
        if item.pause_reason == QueueItem.PauseReason.USER:
            return _("Nothing happens until somebody resumes it."), None
        return _("It looks again by itself, and goes on from what it has."), item.next_attempt_at
    if item.status == Status.DOWNLOADING:
        return _(
            "It is checked when it is whole, and moves into the library. If it fails, the next source follows."
        ), None
    if item.status == Status.FAILED:
        if kept:
            return _("Nothing happens by itself: retry it, or accept the file in quarantine anyway."), None
        return _("Nothing happens by itself: retry it, or queue it in another language."), None
    return _("Nothing is left to do."), None


def _next_of_pending(item: QueueItem, found: list[Obstacle]) -> tuple[str, datetime | None]:
    due = item.next_attempt_at if item.next_attempt_at and item.next_attempt_at > clock.now() else None
    if found:
        until = max((entry.until for entry in found if entry.until), default=None)
        later = max(filter(None, (due, until)), default=None)
        return _("It begins as soon as nothing is in the way any more."), later
    if due:
        return _("Its sources are tried again."), due
    return _("It begins as soon as a worker is free."), None
