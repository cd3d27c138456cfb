"""A question before an action that hurts: what it is, and to which rows it would be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Action = Callable[[Any, HttpRequest, QuerySet[Any]], Any]
_NAMED = 20


def confirmed(question: str | _StrPromise) -> Callable[[Action], Action]:
    """Has the action answer with a page that asks `question` first; it is done once that page comes back."""

    def decorate(act: Action) -> Action:
        @wraps(act)
        def asked(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> Any:
            if request.POST.get("confirmed") == "yes":
                return act(page, request, rows)
            return _ask(page, request, rows, question)

        return asked

    return decorate


def _ask(page: Any, request: HttpRequest, rows: QuerySet[Any], question: str | _StrPromise) -> TemplateResponse:
    count, name = rows.count(), request.POST.get("action", "")
    named = list(rows[:_NAMED])
    context = {
        **page.admin_site.each_context(request),
        "title": _("Are you sure?"),
        "opts": page.opts,
        "media": page.media,
        "question": question,
        "label": dict(page.get_action_choices(request)).get(name, name),
        "named": named,
        "rest": count - len(named),
        "action": name,
        "select_across": request.POST.get("select_across", "0"),
        "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/confirm.html", context)
