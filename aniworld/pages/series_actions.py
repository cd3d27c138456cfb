"""What a series' page can do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.accounts.authentication import user_of
from aniworld.pages import feedback
from aniworld.pages.access import action, members
from aniworld.pages.series import find
from downloads import queue, removal
from downloads.models import Priority, QueueItem
from library import catalog
from library.models import Episode, EpisodeFile, Favorite, Series


def _back(request: HttpRequest) -> str:
    """The series' page at the season that the form came from."""
    key = str(resolve(request.path_info).kwargs["key"])
    season = request.POST.get("season", "")
    return reverse("series", args=[key]) + (f"?season={season}" if season.isascii() and season.isdigit() else "")


def _episode(series: Series, text: str) -> Episode:
    """The episode that a button's value, its row id, names. Raises Http404."""
    episode = (
        series.episodes.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None
    )
    if episode is None:
        raise Http404
    return episode


@action(_back)
def download(request: HttpRequest, key: str) -> HttpResponse:
    """Queues one episode, or all that are missing."""
    series, by = find(key), user_of(request)
    if text := request.POST.get("episode", ""):
        outcome = queue.enqueue(series, [_episode(series, text)], priority=Priority.NORMAL, by=by)
    else:
        outcome = queue.enqueue_missing(series, priority=Priority.NORMAL, by=by)
    if not outcome.added:
        return feedback.done(request, _nothing_added(outcome), _back(request), ("episodes",), "info")
    count = len(outcome.added)
    message = ngettext("%d episode added to the queue.", "%d episodes added to the queue.", count) % count
    return feedback.done(request, message, _back(request), ("episodes", "queue"))


def _nothing_added(outcome: queue.Enqueued) -> str:
    if not outcome.skipped:
        return _("Nothing is missing.")
    if any(entry.reason == "queued" for entry in outcome.skipped):
        return _("It is in the queue already.")
    return _("It is on disk already.")


@action(_back)
def reload(request: HttpRequest, key: str) -> HttpResponse:
    """Loads again what failed, or else looks for new episodes."""
    series = find(key)
    parts = () if series.loading_status == Series.Loading.FAILED else ("episodes",)
    catalog.reload(series, parts)
    return feedback.done(request, _("Looking at the catalogue again."), _back(request), ("episodes",), "info")


@action(_back)
def favorite(request: HttpRequest, key: str) -> HttpResponse:
    """Makes it one of the user's favourites, or no longer."""
    series, by = find(key), user_of(request)
    if request.POST.get("wanted") == "on":
        Favorite.objects.put(by, series)
        return feedback.done(request, _("A favourite now."), _back(request), ("episodes",))
    Favorite.objects.drop(by, series)
    return feedback.done(request, _("No favourite any more."), _back(request), ("episodes",), "info")


@action(_back)
def monitor(request: HttpRequest, key: str) -> HttpResponse:
    """Whether new episodes are looked for; only administrators decide that."""
    if not request.user.is_staff:
        raise PermissionDenied
    wanted = request.POST.get("wanted") == "on"
    find(key).change(monitored=wanted)
    message = _("New episodes are looked for.") if wanted else _("New episodes are no longer looked for.")
    return feedback.done(request, message, _back(request), ("episodes",))


@members
def removing(request: HttpRequest, key: str) -> HttpResponse:
    """Asks whether the series shall go, and removes it once that was answered."""
    if not request.user.is_staff:
        raise PermissionDenied
    return _remove(request, key) if request.method == "POST" else render(request, "pages/remove.html", _facts_of(key))


def _facts_of(key: str) -> dict[str, Any]:
    series = find(key)
    return {
        "series": series,
        "queued_count": QueueItem.objects.live().filter(series=series).count(),
        "file_count": EpisodeFile.objects.filter(episode__series=series).count(),
    }


@action(_back)
def _remove(request: HttpRequest, key: str) -> HttpResponse:
    series = find(key)
    undo_id = removal.remove_series(series, delete_files=False, by=user_of(request))
    message = _("“%s” was removed from the library. Its files are kept.") % series
    return feedback.done(request, message, reverse("library"), undo_id=undo_id)
