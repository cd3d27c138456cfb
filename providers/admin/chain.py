"""The page on which an operator puts the hosts in order, for one language or for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from aniworld.refusals import Refused
from providers import chain, chain_places, changes
from providers.admin.lights import drawn
from providers.chain import Place
from providers.contracts import Language
from providers.models import Provider

if TYPE_CHECKING:
    from providers.admin.provider import ProviderAdmin

_STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, slots=True)
class Row:
    """A host as the page shows it."""

    place: Place
    light: SafeString
    pk: int


def view(of: ProviderAdmin, request: HttpRequest) -> HttpResponse:
    """Shows the order, and takes in what was changed there."""
    given = request.POST.get("language") if request.method == "POST" else request.GET.get("language")
    language = Language(given) if given in list(Language) else None
    if request.method == "POST":
        if not of.has_change_permission(request):
            raise PermissionDenied
        _take_in(of, request, language)
        return HttpResponseRedirect(_address(language))
    context = {
        **of.admin_site.each_context(request),
        # Without `opts` the header leads from the list to this title.
        "title": _("Order in which hosts are tried"),
        "content_title": _("Order in which hosts are tried"),
        "model_admin": of,
        "language": language or "",
        "tabs": [("", _("All languages"), _address(None)), *((one, one, _address(one)) for one in Language)],
        "may_change": of.has_change_permission(request),
        **_rows(language),
    }
    return TemplateResponse(request, "admin/providers/chain.html", context)


def _address(language: Language | None) -> str:
    address = reverse("admin:providers_provider_chain")
    return f"{address}?{urlencode({'language': language})}" if language else address


def _rows(language: Language | None) -> dict[str, list[Row]]:
    known = {row.name: row for row in Provider.objects.select_related("status_record")}
    rows = [
        Row(place, drawn(known[place.name]), known[place.name].pk)
        for place in chain.chain_of(language, as_configured=True)
        if place.name in known
    ]
    return {
        "included": [row for row in rows if row.place.included],
        "left_out": [row for row in rows if not row.place.included],
    }


def _take_in(of: ProviderAdmin, request: HttpRequest, language: Language | None) -> None:
    """One of: a host out of the chain, a host into it, or a new order of all."""
    try:
        with changes.chain_recorded(language, by=request.user.get_username(), via="admin"):
            _arrange(request, language or "")
    except Refused as refusal:
        of.message_user(request, str(refusal), messages.ERROR)
        return
    of.message_user(request, _("The order is saved."), messages.SUCCESS)


def _arrange(request: HttpRequest, language: str) -> None:
    if name := request.POST.get("leave_out"):
        chain_places.exclude(name, language)
    elif name := request.POST.get("take_in"):
        chain_places.include(name, language)
    else:
        names = list(dict.fromkeys(request.POST.getlist("names")))
        chain_places.reorder(moved(names, request.POST.get("move", "")), language)


def moved(names: list[str], step: str) -> list[str]:
    """The names with one of them a place further: `step` is "up:name" or "down:name"; anything else changes nothing."""
    direction, _colon, name = step.partition(":")
    if direction not in _STEPS or name not in names:
        return names
    place = names.index(name)
    target = min(max(0, place + _STEPS[direction]), len(names) - 1)
    others = names[:place] + names[place + 1 :]
    return [*others[:target], name, *others[target:]]
