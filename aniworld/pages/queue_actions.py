"""What the queue's page can do: to the whole queue, and to one item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import User
from aniworld.pages import feedback
from aniworld.pages.access import action, came_from
from aniworld.refusals import Conflict
from downloads import ordering, queue, undo
from downloads.models import Priority, QueueItem
from downloads.retries import why_left

CHANGED = ("queue", "episodes")
# What was done there, so that an undo without script leads back there.
_OF_LIBRARY = ("series", "remove_series_again", "monitored", "monitored_again", "several", "several_again")
_OF_FAVORITES = ("favorites", "favorites_again")


@dataclass(frozen=True)
class Done:
    """What a verb says it did, how loud, and what takes it back."""

    message: str
    level: str = "success"
    undo_id: str = ""


def _back(request: HttpRequest) -> str:  # noqa: ARG001 - the same for every form
    return reverse("queue")


def _pause(by: User) -> Done:  # noqa: ARG001 - one of VERBS
    queue.pause()
    return Done(_("Paused: running downloads finish; no new ones begin."))


def _resume(by: User) -> Done:  # noqa: ARG001 - one of VERBS
    queue.resume()
    return Done(_("The queue goes on."))


def _stop(by: User) -> Done:  # noqa: ARG001 - one of VERBS
    queue.stop()
    return Done(_("Stopped. What was downloaded is kept."))


def _start(by: User) -> Done:  # noqa: ARG001 - one of VERBS
    queue.start()
    return Done(_("The queue is running."))


def _retry_all(by: User) -> Done:  # noqa: ARG001 - one of VERBS
    retried, skipped = queue.retry_all()
    told = ngettext("%d download is tried again.", "%d downloads are tried again.", len(retried)) % len(retried)
    return Done(f"{told} {why_left(skipped)}".strip(), "success" if retried or not skipped else "warning")


def _paused() -> QuerySet[QueueItem]:
    paused = QueueItem.objects.filter(status=QueueItem.Status.PAUSED)
    return paused.select_related("series", "episode").order_by("-priority", "position", "id")


def _resume_paused(by: User) -> Done:  # noqa: ARG001 - one of VERBS
    count = sum(queue.resume_item(item) for item in _paused())
    return Done(ngettext("%d download goes on.", "%d downloads go on.", count) % count)


def _cancel_paused(by: User) -> Done:
    return _cancel_these([item.pk for item in _paused()], by)


def _clear(status: str) -> Callable[[User], Done]:
    def clear(by: User) -> Done:
        removed = queue.clear(status, by)
        message = ngettext("%d entry cleared.", "%d entries cleared.", removed.count) % removed.count
        return Done(message, undo_id=removed.undo_id if removed.count else "")

    return clear


VERBS: dict[str, Callable[[User], Done]] = {
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "start": _start,
    "retry-all": _retry_all,
    "resume-paused": _resume_paused,
    "cancel-paused": _cancel_paused,
    "clear-completed": _clear(QueueItem.Status.COMPLETED),
    "clear-failed": _clear(QueueItem.Status.FAILED),
}


@action(_back)
def switch(request: HttpRequest, verb: str) -> HttpResponse:
    """One of `VERBS`."""
    if verb not in VERBS:
        raise Http404
    return _told(request, VERBS[verb](user_of(request)))


def _told(request: HttpRequest, done: Done) -> HttpResponse:
    return feedback.done(request, done.message, _back(request), CHANGED, done.level, done.undo_id)


def _cancel(item: QueueItem, request: HttpRequest) -> Done:
    removed = queue.cancel([item.pk], user_of(request))
    return Done(_("“%s” was taken out of the queue.") % item, undo_id=removed.undo_id if removed.count else "")


def _retry(item: QueueItem, request: HttpRequest) -> Done:  # noqa: ARG001 - one of ITEM_VERBS
    retried, _skipped = queue.retry([item.pk])
    if not retried:
        raise Conflict(_("“%s” is no longer among the failed ones.") % item)
    return Done(_("“%s” is tried again.") % item)


def _clear_item(item: QueueItem, request: HttpRequest) -> Done:
    removed = queue.clear(QueueItem.Status.FAILED, user_of(request), only=item.pk)
    if not removed.count:
        raise Conflict(_("“%s” is no longer among the failed ones.") % item)
    return Done(ngettext("%d entry cleared.", "%d entries cleared.", 1) % 1, undo_id=removed.undo_id)


def _pause_item(item: QueueItem, request: HttpRequest) -> Done:  # noqa: ARG001 - one of ITEM_VERBS
    if not queue.pause_item(item):
        raise Conflict(_("“%s” is paused or over already.") % item)
    return Done(_("“%s” is paused; what it has is kept.") % item)


def _resume_item(item: QueueItem, request: HttpRequest) -> Done:  # noqa: ARG001 - one of ITEM_VERBS
    if not queue.resume_item(item):
        raise Conflict(_("“%s” is not paused any more.") % item)
    return Done(_("“%s” goes on.") % item)


def _prioritise(item: QueueItem, request: HttpRequest) -> Done:
    names = {str(value): label for value, label in Priority.choices}
    chosen = request.POST.get("priority", "")
    if chosen not in names:
        raise Http404
    if not queue.prioritise(item, int(chosen)):
        raise Conflict(_("“%s” is over already.") % item)
    return Done(_("Priority of “%(item)s”: %(name)s.") % {"item": item, "name": names[chosen]})


def _in_language(item: QueueItem, request: HttpRequest) -> Done:
    """Queues the episode of a failed item in another language."""
    outcome = queue.enqueue(item.series, [item.episode], language=request.POST.get("language", ""), by=user_of(request))
    if not outcome.added:
        raise Conflict(_("It is in the queue already, or on disk."))
    return Done(_("“%s” is queued in another language.") % item)


def _pending_ids() -> list[int]:
    waiting = QueueItem.objects.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")
    return list(waiting.values_list("pk", flat=True))


def _by(step: int) -> Callable[[QueueItem, HttpRequest], Done]:
    def nudge(item: QueueItem, request: HttpRequest) -> Done:
        ids = _pending_ids()
        if item.pk not in ids:
            raise Conflict(_("“%s” does not wait any more.") % item)
        ordering.move(item.pk, min(max(0, ids.index(item.pk) + step), len(ids) - 1), user_of(request))
        return Done("")

    return nudge


def _move(item: QueueItem, request: HttpRequest) -> Done:
    """Puts it before the item that `before` names, or at the end of those shown when it names none."""
    others = [pk for pk in _pending_ids() if pk != item.pk]
    before = request.POST.get("before", "")
    place = next((place for place, pk in enumerate(others) if str(pk) == before), len(others))
    undo_id = ordering.move(item.pk, place, user_of(request))
    return Done(_("“%(item)s” is at place %(place)d now.") % {"item": item, "place": place + 1}, undo_id=undo_id)


ITEM_VERBS: dict[str, Callable[[QueueItem, HttpRequest], Done]] = {
    "cancel": _cancel,
    "retry": _retry,
    "clear": _clear_item,
    "language": _in_language,
    "pause": _pause_item,
    "resume": _resume_item,
    "priority": _prioritise,
    "up": _by(-1),
    "down": _by(1),
    "move": _move,
}


def _back_from_item(request: HttpRequest) -> str:
    """The series' page when the form stood there."""
    key = request.POST.get("back", "")
    return reverse("series", args=[key]) if key and "/" not in key else reverse("queue")


@action(_back_from_item)
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One of `ITEM_VERBS` on the item `pk`."""
    item = QueueItem.objects.select_related("series", "episode").filter(pk=pk).first() if pk < 2**63 else None
    if item is None or verb not in ITEM_VERBS:
        raise Http404
    done = ITEM_VERBS[verb](item, request)
    return feedback.done(request, done.message, _back_from_item(request), CHANGED, done.level, done.undo_id)


def _to_the_top(ids: list[int], by: User) -> Done:
    undo_id = ordering.arrange(ids, by)
    message = ngettext("%d download stands at the top.", "%d downloads stand at the top.", len(ids)) % len(ids)
    return Done(message, undo_id=undo_id)


def _pause_these(ids: list[int], by: User) -> Done:  # noqa: ARG001 - one of SELECTED_VERBS
    count = queue.pause_all(ids)
    return Done(ngettext("%d download is paused.", "%d downloads are paused.", count) % count)


def _cancel_these(ids: list[int], by: User) -> Done:
    removed = queue.cancel(ids, by)
    message = ngettext(
        "%d download was taken out of the queue.", "%d downloads were taken out of the queue.", removed.count
    )
    return Done(message % removed.count, undo_id=removed.undo_id)


SELECTED_VERBS: dict[str, Callable[[list[int], User], Done]] = {
    "top": _to_the_top,
    "pause": _pause_these,
    "cancel": _cancel_these,
}


@action(_back)
def selected(request: HttpRequest) -> HttpResponse:
    """One of `SELECTED_VERBS` on the pending items that were chosen, in the order they stand in."""
    verb = SELECTED_VERBS.get(request.POST.get("verb", ""))
    if verb is None:
        raise Http404
    chosen = set(request.POST.getlist("ids"))
    ids = [pk for pk in _pending_ids() if str(pk) in chosen]
    if not ids:
        raise Conflict(_("Choose downloads that wait first."))
    return _told(request, verb(ids, user_of(request)))


@action(_back)
def take_back(request: HttpRequest, undo_id: str) -> HttpResponse:
    """Undoes what a toast offered to undo."""
    undone = undo.undo(undo_id, user_of(request))
    words = _("Done again.") if undone.action.endswith("_again") else _("Taken back.")
    back = reverse("library") if undone.action in _OF_LIBRARY else _back(request)
    back = reverse("favorites") if undone.action in _OF_FAVORITES else back
    back = came_from(request, back)
    return feedback.done(request, words, back, (*CHANGED, "library", "favorites"), "info", undone.redo_id)
