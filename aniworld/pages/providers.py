"""Catalogues and hosts with their lights, and the order in which hosts are tried."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from aniworld.accounts.authentication import user_of
from aniworld.pages import feedback, provider_cards
from aniworld.pages.access import action, members
from aniworld.recorded import as_told
from aniworld.refusals import Forbidden
from providers import changes
from providers.asking import check_now
from providers.contracts import Language
from providers.lookup import named
from providers.models import Provider

CHANGED = ("providers",)


def _language(request: HttpRequest) -> Language | None:
    """The language whose chain is looked at; None, all, also for one that there is not."""
    chosen = request.GET.get("language", "")
    return Language(chosen) if chosen in list(Language) else None


def _back(_request: HttpRequest) -> str:
    return reverse("providers")


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/providers.html", provider_cards.shown(_language(request)))


@members
def part(request: HttpRequest) -> HttpResponse:
    """The cards and the chain."""
    return render(request, "parts/providers.html", provider_cards.shown(_language(request)))


def _test(row: Provider) -> tuple[str, str]:
    record = check_now(row)
    if not record.error_message:
        told = _("%(name)s answered within %(time)d ms.") % {"name": row, "time": record.response_time or 0}
        return told, "success"
    why = as_told(record.error_message)
    return why if str(row) in why else _("%(name)s: %(why)s") % {"name": row, "why": why}, "warning"


def _enable(row: Provider) -> tuple[str, str]:
    row.enable()
    return _("%s is used from now on.") % row, "success"


def _disable(row: Provider) -> tuple[str, str]:
    row.disable()
    return _("%s is not used any more.") % row, "success"


# What a button does; it answers a sentence and how it is meant.
VERBS: dict[str, Callable[[Provider], tuple[str, str]]] = {"test": _test, "enable": _enable, "disable": _disable}
FOR_ALL = frozenset({"test"})


@action(_back)
def change(request: HttpRequest, name: str, verb: str) -> HttpResponse:
    """One of `VERBS` on the provider of that name."""
    if verb not in VERBS:
        raise Http404
    user, row = user_of(request), named(name)
    if verb in FOR_ALL:
        message, level = VERBS[verb](row)
    elif not user.is_staff:
        raise Forbidden(_("Only an administrator may do this."), code="admin_only")
    else:
        with changes.recorded(row, by=user.get_username(), via="page"):
            message, level = VERBS[verb](row)
    return feedback.done(request, message, _back(request), CHANGED, level)
