"""What a form answers: a toast and what changed where htmx sent it, else a message and the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from aniworld.refusals import Refused


def done(
    request: HttpRequest,
    message: str,
    back: str,
    changed: Sequence[str] = (),
    level: str = "success",
    undo_id: str = "",
) -> HttpResponse:
    """`changed` names what parts of the page have to be fetched anew (their `data-refresh-on`)."""
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        tell(response, request, message, level=level, changed=changed, undo_id=undo_id)
        return response
    if message:
        # The tag is where the message's template finds what to offer for undoing.
        messages.add_message(request, messages.DEFAULT_LEVELS[level.upper()], message, extra_tags=undo_id)
    return HttpResponseRedirect(back)


def refused(request: HttpRequest, refusal: Refused, back: str) -> HttpResponse:
    """The refusal's sentence. A lost race usually shows an old state, so everything is fetched anew."""
    level = "warning" if refusal.status == 409 else "error"
    return done(request, str(refusal), back, ("queue", "episodes", "library", "providers"), level)


def tell(
    response: HttpResponse,
    request: HttpRequest,
    message: str,
    *,
    level: str = "success",
    changed: Sequence[str] = (),
    undo_id: str = "",
) -> None:
    """Puts toast and changes upon an answer that htmx asked for."""
    events: dict[str, object] = {}
    # One form's newest word replaces its last: "paused" and "goes on" must not stand above each other.
    kind = request.resolver_match.url_name if request.resolver_match else ""
    if message:
        events["toast"] = {
            "message": message,
            "level": level,
            "undo": reverse("undo", args=[undo_id]) if undo_id else "",
            "kind": kind,
        }
    if changed:
        events["changed"] = {"words": list(changed)}
    # Header values are Latin-1: json's escapes keep every character.
    response["HX-Trigger"] = json.dumps(events)
