"""Filters that cost nothing on long tables: what can be chosen is known without reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Choices = Iterable[tuple[str, str]]


def chosen_row(parameter: str, lookup: str, model: str, title: str | _StrPromise) -> type[SimpleListFilter]:
    """Of one row of `model`, whose number comes with a link; offered as long as it is chosen, to be taken away."""

    def lookups(_filter: Any, request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        given = request.GET.get(parameter, "")
        row = apps.get_model(model)._default_manager.filter(pk=given).first() if _is_number(given) else None
        return [(given, str(row))] if row else []

    def queryset(found: Any, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**{lookup: found.value()}) if _is_number(found.value()) else rows

    body = {"title": title, "parameter_name": parameter, "lookups": lookups, "queryset": queryset}
    return type("ChosenRow", (SimpleListFilter,), body)


def one_of(
    parameter: str, title: str | _StrPromise, choices: Callable[[], Choices], lookup: str = ""
) -> type[SimpleListFilter]:
    """One of what `choices` names: values of a column that are known from elsewhere."""

    def lookups(_filter: Any, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return list(choices())

    def queryset(found: Any, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**{lookup or parameter: found.value()}) if found.value() else rows

    body = {"title": title, "parameter_name": parameter, "lookups": lookups, "queryset": queryset}
    return type("OneOf", (SimpleListFilter,), body)


def _is_number(given: str | None) -> bool:
    return given is not None and given.isascii() and given.isdigit() and len(given) < 19
