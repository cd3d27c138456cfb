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
from aniworld.refusals import Invalid
from downloads import favorites, queue, removal, undo
from downloads.models import QueueItem, Undo
from library import catalog, changes, scanning
from library.models import Episode, EpisodeFile, Series
from library.models.series import default_language_plan

# Episodes chosen in one go.
MOST_AT_ONCE = 2000


def _back(request: HttpRequest) -> str:
    """The series' page at the season that the form came from."""
    key = str(resolve(request.path_info).kwargs["key"])
    season = request.POST.get("season", "") or request.POST.get("everything", "")
    return reverse("series", args=[key]) + (f"?season={season}" if _is_number(season) else "")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _episode(series: Series, text: str) -> Episode:
    """The episode that a button's value, its row id, names. Raises Http404."""
    episode = (
        series.episodes.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None
    )
    if episode is None:
        raise Http404
    return episode


def _chosen(request: HttpRequest, series: Series) -> list[Episode]:
    """Those whose boxes are ticked, or a whole season, in order."""
    rows, season = series.episodes.order_by("season", "number"), request.POST.get("everything", "")
    if _is_number(season):
        return list(rows.filter(season=int(season)))
    ids = [int(text) for text in request.POST.getlist("ids") if _is_number(text)]
    return list(rows.filter(pk__in=ids[:MOST_AT_ONCE]))


@action(_back)
def download(request: HttpRequest, key: str) -> HttpResponse:
    """Queues one episode, those that are chosen, in a language of choice, or all that are missing."""
    series, by = find(key), user_of(request)
    if text := request.POST.get("episode", ""):
        outcome = queue.enqueue(series, [_episode(series, text)], by=by)
    elif "chosen" in request.POST:
        chosen = _chosen(request, series)
        if not chosen:
            return feedback.done(request, _("No episode is chosen."), _back(request), level="info")
        outcome = queue.enqueue(series, chosen, language=request.POST.get("language") or None, by=by)
    else:
        outcome = queue.enqueue_missing(series, by=by)
    if not outcome.added:
        return feedback.done(request, _nothing_added(outcome), _back(request), ("episodes",), "info")
    count = len(outcome.added)
    message = ngettext("%d episode added to the queue.", "%d episodes added to the queue.", count) % count
    undo_id = Undo.remember("remove_again", outcome.added, by)
    return feedback.done(request, message, _back(request), ("episodes", "queue"), undo_id=undo_id)


def _nothing_added(outcome: queue.Enqueued) -> str:
    if not outcome.skipped:
        return _("Nothing is missing.")
    if any(entry.reason == "queued" for entry in outcome.skipped):
        return _("It is in the queue already.")
    return _("It is on disk already.")


@action(_back)
def reload(request: HttpRequest, key: str) -> HttpResponse:
    """Loads one part again, or what failed, or else looks for new episodes."""
    series, part = find(key), request.POST.get("part", "")
    everything = () if series.loading_status == Series.Loading.FAILED else ("episodes",)
    catalog.reload(series, (part,) if part else everything)
    message = _("It is loaded again.") if part else _("Looking at the catalogue again.")
    return feedback.done(request, message, _back(request), ("episodes",), "info")


@action(_back)
def scan(request: HttpRequest, key: str) -> HttpResponse:
    """Looks through the folder of the series."""
    scanning.start(find(key).key)
    return feedback.done(request, _("Its folder is being scanned."), _back(request), ("episodes", "scan"), "info")


@action(_back)
def favorite(request: HttpRequest, key: str) -> HttpResponse:
    """Makes it one of the user's favourites, or no longer."""
    series, wanted = find(key), request.POST.get("wanted") == "on"
    _count, undo_id = favorites.switch(user_of(request), [series], is_favorite=wanted)
    message, level = (_("A favourite now."), "success") if wanted else (_("No favourite any more."), "info")
    return feedback.done(request, message, _back(request), ("episodes", "library", "favorites"), level, undo_id)


@action(_back)
def monitor(request: HttpRequest, key: str) -> HttpResponse:
    """Whether new episodes are looked for; only administrators decide that."""
    if not request.user.is_staff:
        raise PermissionDenied
    wanted = request.POST.get("wanted") == "on"
    undo_id = undo.switch_monitored([find(key)], wanted, user_of(request))
    message = _("New episodes are looked for.") if wanted else _("New episodes are no longer looked for.")
    return feedback.done(request, message, _back(request), ("episodes",), undo_id=undo_id)


@action(_back)
def languages(request: HttpRequest, key: str) -> HttpResponse:
    """Which languages are wanted in which order; only administrators decide that."""
    if not request.user.is_staff:
        raise PermissionDenied
    order = list(dict.fromkeys(one for one in request.POST.getlist("order") if one))
    if not order and "as_default" not in request.POST:
        raise Invalid(_("Choose at least one language."))
    plan = {"order": order, "fallback": "fallback" in request.POST, "upgrade": "upgrade" in request.POST}
    series = find(key)
    with changes.recorded(series, by=user_of(request).username, via="page"):
        series.change(language_plan=default_language_plan() if "as_default" in request.POST else plan)
    return feedback.done(request, _("The languages are saved."), _back(request), ("episodes",))


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
    by = user_of(request)
    with changes.recorded(series, by=by.username, via="page", action="removed"):
        undo_id = removal.remove_series(series, delete_files=False, by=by)
    message = _("“%s” was removed from the library. Its files are kept.") % series
    return feedback.done(request, message, reverse("library"), undo_id=undo_id)
