"""What lists of the admin show above their rows: a way through the dates that costs the same however many rows."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import Any

from django import template
from django.db.models import AutoField, Max, Min
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

register = template.Library()

_MOST_DAYS = 31
_MOST_MONTHS = 24
Choice = dict[str, str]


@register.inclusion_tag("admin/drill_down.html")
def drill_down(cl: Any) -> dict[str, Any]:
    """Years, months or days from the first row to the last; Django's own looks at every row for those that have any."""
    name = cl.date_hierarchy
    chosen = [int(value) if str(value := cl.params.get(f"{name}__{part}", "")).isdigit() else 0 for part in _PARTS]
    span = _span(cl, name)
    if span is None:
        return {}
    return {"back": _back(cl, name, chosen), "choices": _choices(cl, name, chosen, *span)}


_PARTS = ("year", "month", "day")


def _span(cl: Any, name: str) -> tuple[date, date] | None:
    """From the first row that was made to the last: numbers grow with time, and their index is always there."""
    rows = cl.model._base_manager
    if isinstance(cl.opts.pk, AutoField):
        dates = rows.order_by("pk").values_list(name, flat=True)
        ends = {"first": dates.first(), "last": dates.last()}
    else:
        ends = rows.aggregate(first=Min(name), last=Max(name))
    if ends["first"] is None or ends["last"] is None:
        return None
    first, last = _day(ends["first"]), _day(ends["last"])
    return min(first, last), max(first, last)


def _day(moment: date | datetime) -> date:
    return timezone.localtime(moment).date() if isinstance(moment, datetime) else moment


def _link(cl: Any, name: str, **values: int) -> str:
    query: str = cl.get_query_string({f"{name}__{part}": value for part, value in values.items()}, [f"{name}__"])
    return query


def _back(cl: Any, name: str, chosen: list[int]) -> Choice | None:
    year, month, day = chosen
    if not year:
        return None
    if day:
        return {"title": date_format(date(year, month, 1), "YEAR_MONTH_FORMAT"),
                "link": _link(cl, name, year=year, month=month)}  # fmt: skip
    if month:
        return {"title": str(year), "link": _link(cl, name, year=year)}
    return {"title": _("All dates"), "link": _link(cl, name)}


def _choices(cl: Any, name: str, chosen: list[int], first: date, last: date) -> list[Choice]:
    year, month, day = chosen
    if year and month and day:
        return [{"title": date_format(date(year, month, day), "MONTH_DAY_FORMAT"), "link": ""}]
    if year and month:
        end = date(year, month, monthrange(year, month)[1])
        return _days(cl, name, max(first, date(year, month, 1)), min(last, end))
    if year:
        return _months(cl, name, max(first, date(year, 1, 1)), min(last, date(year, 12, 31)))
    if (last - first).days < _MOST_DAYS:
        return _days(cl, name, first, last)
    if (last.year - first.year) * 12 + last.month - first.month < _MOST_MONTHS:
        return _months(cl, name, first, last)
    return [{"title": str(one), "link": _link(cl, name, year=one)} for one in range(first.year, last.year + 1)]


def _months(cl: Any, name: str, first: date, last: date) -> list[Choice]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [
        {"title": f"{MONTHS[number % 12 + 1]} {number // 12}",
         "link": _link(cl, name, year=number // 12, month=number % 12 + 1)}
        for number in numbers
    ]  # fmt: skip


def _days(cl: Any, name: str, first: date, last: date) -> list[Choice]:
    days = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
    return [
        {"title": date_format(one, "MONTH_DAY_FORMAT"),
         "link": _link(cl, name, year=one.year, month=one.month, day=one.day)}
        for one in days
    ]  # fmt: skip
