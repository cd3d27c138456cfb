"""What an administrator can do to a file that failed its check."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from aniworld.accounts.authentication import user_of
from aniworld.pages import feedback
from aniworld.pages.access import action
from aniworld.refusals import Forbidden, NotThere
from downloads import acceptance, quarantine
from downloads.models import QuarantinedFile, QueueItem

CHANGED = ("queue", "episodes", "library")


def _back(request: HttpRequest) -> str:
    """The item's page."""
    item = request.POST.get("item", "")
    return reverse("queue-one", args=[int(item)]) if item.isascii() and item.isdigit() else reverse("queue")


@action(_back)
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Accepts the file `pk` anyway, or deletes it."""
    if verb not in ("accept", "delete"):
        raise Http404
    if not request.user.is_staff:
        raise Forbidden(_("Only administrators decide over files in quarantine."))
    rows = QuarantinedFile.objects.select_related("item__series", "item__episode")
    row = rows.filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise NotThere(_("The file is not in quarantine any more."))
    if verb == "delete":
        quarantine.delete(row)
        return feedback.done(request, _("The file is deleted."), _back(request), CHANGED)
    item = acceptance.accept(row, user_of(request))
    if item.status == QueueItem.Status.COMPLETED:
        return feedback.done(request, _("“%s” is in the library now.") % item, _back(request), CHANGED)
    if item.status == QueueItem.Status.DOWNLOADING:
        text = _("Accepted. “%s” is being copied into the library, which is on another disk.") % item
        return feedback.done(request, text, _back(request), CHANGED)
    message = _("Accepted. It moves into the library as soon as that is possible: %s") % item.error_message
    return feedback.done(request, message, _back(request), CHANGED, "warning")
