"""What the library's page can do: to the series chosen there, and to how it looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.accounts.api import preferences_of
from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import Preferences, User
from aniworld.pages import feedback
from aniworld.pages.access import action
from aniworld.pages.shelf import Wanted, found
from downloads import favorites, several, undo
from library import scanning
from library.models import Series

# Chosen in one go; the rest is left, and the message says so.
MOST_AT_ONCE = 1000
CHANGED = ("library", "favorites", "queue", "scan")


@dataclass(frozen=True)
class Done:
    """What a verb says it did, how loud, and what takes it back."""

    message: str
    level: str = "success"
    undo_id: str = ""


def _download(series: Sequence[Series], by: User) -> Done:
    done = several.download_missing(series, by)
    added = done.count
    message = ngettext("%d episode added to the queue.", "%d episodes added to the queue.", added) % added
    return _with_refusals(message if added else _("Nothing was missing that is not queued already."), done)


def _with_refusals(message: str, done: several.Several) -> Done:
    level = "success" if done.count else "info"
    if done.refusals:
        left = ngettext("%d was left out:", "%d were left out:", len(done.refusals)) % len(done.refusals)
        message, level = f"{message} {left} {done.refusals[0]}", "warning"
    return Done(message, level, done.undo_id)


def _reload(series: Sequence[Series], by: User) -> Done:  # noqa: ARG001 - one of VERBS
    done = several.reload(series)
    message = ngettext("%d series is looked up again.", "%d series are looked up again.", done.count) % done.count
    return _with_refusals(message, done)


def _rescan(series: Sequence[Series], by: User) -> Done:  # noqa: ARG001 - one of VERBS
    scanning.start_folders([one.folder for one in series])
    count = len(series)
    return Done(ngettext("%d folder is being scanned.", "%d folders are being scanned.", count) % count, "info")


def _monitored(*, wanted: bool) -> Callable[[Sequence[Series], User], Done]:
    def switch(series: Sequence[Series], by: User) -> Done:
        undo_id = undo.switch_monitored(list(series), wanted, by)
        count = len(series)
        if wanted:
            words = ngettext("%d series is monitored now.", "%d series are monitored now.", count)
        else:
            words = ngettext("%d series is no longer monitored.", "%d series are no longer monitored.", count)
        return Done(words % count, undo_id=undo_id)

    return switch


def _favorite(*, wanted: bool) -> Callable[[Sequence[Series], User], Done]:
    def switch(series: Sequence[Series], by: User) -> Done:
        count, undo_id = favorites.switch(by, series, is_favorite=wanted)
        if wanted:
            words = ngettext("%d series is a favourite now.", "%d series are favourites now.", count)
        else:
            words = ngettext("%d series is no favourite any more.", "%d series are no favourites any more.", count)
        return Done(words % count, "success" if count else "info", undo_id)

    return switch


def _remove(series: Sequence[Series], by: User) -> Done:
    done = several.remove(series, by)
    words = ngettext(
        "%d series was removed. Its files are kept.", "%d series were removed. Their files are kept.", done.count
    )
    return _with_refusals(words % done.count, done)


VERBS: dict[str, Callable[[Sequence[Series], User], Done]] = {
    "download": _download,
    "monitor": _monitored(wanted=True),
    "unmonitor": _monitored(wanted=False),
    "favorite": _favorite(wanted=True),
    "unfavorite": _favorite(wanted=False),
    "rescan": _rescan,
    "reload": _reload,
    "remove": _remove,
}
# As for one series alone: these are an administrator's to decide.
OF_STAFF = ("monitor", "unmonitor", "remove")


def _back(request: HttpRequest) -> str:
    """The library as it was asked for."""
    return reverse("library") + Wanted.of(request.POST).address()


def _chosen(request: HttpRequest) -> list[Series]:
    """Those whose boxes are ticked, or with `everything` all that the filter finds."""
    if request.POST.get("everything") == "on":
        return list(found(Wanted.of(request.POST), user_of(request)).order_by("name", "id")[:MOST_AT_ONCE])
    ids = [int(text) for text in request.POST.getlist("ids") if text.isascii() and text.isdigit() and len(text) < 19]
    return list(Series.objects.live().filter(pk__in=ids[:MOST_AT_ONCE]).order_by("name", "id"))


@action(_back)
def selected(request: HttpRequest) -> HttpResponse:
    """One of `VERBS`, to every series chosen."""
    verb = request.POST.get("verb", "")
    if verb not in VERBS:
        raise Http404
    if verb in OF_STAFF and not request.user.is_staff:
        raise PermissionDenied
    series = _chosen(request)
    if not series:
        return feedback.done(request, _("Nothing is chosen."), _back(request), level="info")
    done = VERBS[verb](series, user_of(request))
    message = done.message
    if len(series) == MOST_AT_ONCE:
        message += " " + _("These were the first %d; do it again for the rest.") % MOST_AT_ONCE
    return feedback.done(request, message, _back(request), CHANGED, done.level, done.undo_id)


@action(_back)
def look(request: HttpRequest) -> HttpResponse:
    """Posters or a table, roomy or dense; kept for this user on every device."""
    row = preferences_of(user_of(request))
    view, density = request.POST.get("view", ""), request.POST.get("density", "")
    if view in Preferences.LibraryView.values:
        row.library_view = view
    if density in Preferences.Density.values:
        row.density = density
    row.save(update_fields=["library_view", "density", "updated_at"])
    return feedback.done(request, "", _back(request))
