"""Columns for counts and bytes by day or hour, as SVG that the server draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from aniworld.templatetags.charts import HEIGHT, WIDTH
from aniworld.templatetags.quantities import size, speed

register = template.Library()

_GAP = 3.0
_SECONDS_OF_AN_HOUR = 3600


def _count(value: float) -> str:
    return number_format(value, decimal_pos=0, force_grouping=True)


def _hourly(value: float) -> str:
    return speed(value / _SECONDS_OF_AN_HOUR)


# How a measure is written.
_WRITTEN = {"count": _count, "size": size, "speed": _hourly}


def _moment(value: Any) -> str:
    """A day, or an hour of one."""
    if hasattr(value, "hour"):
        return date_format(timezone.localtime(value), "TIME_FORMAT")
    return date_format(value, "SHORT_DATE_FORMAT")


@register.inclusion_tag("admin/dashboard/columns.html")
def columns(points: Sequence[Any], attribute: str, title: str, written: str = "count") -> dict[str, Any]:
    """One column for each point with its `time`; `written` says how the measure is read: count, size, or speed."""
    write = _WRITTEN[written]
    values = [float(getattr(point, attribute)) for point in points]
    top = max(values, default=0.0)
    whole = "" if written == "speed" else write(sum(values))
    return {
        "title": title,
        "top": write(top),
        "whole": whole,
        "is_empty": not top,
        "first": _moment(points[0].time) if points else "",
        "last": _moment(points[-1].time) if points else "",
        "drawn": _drawn(points, values, top, write, title),
    }


def _drawn(points: Sequence[Any], values: list[float], top: float, write: Any, title: str) -> SafeString:
    step = WIDTH / max(1, len(values))
    rows = (
        (
            f"{index * step:.1f}",
            f"{HEIGHT - _height(value, top):.1f}",
            f"{max(1.0, step - _GAP):.1f}",
            f"{_height(value, top):.1f}",
            f"{_moment(points[index].time)}: {write(value)}",
        )
        for index, value in enumerate(values)
    )
    body = format_html_join(
        "", '<rect class="column" x="{}" y="{}" width="{}" height="{}" rx="1"><title>{}</title></rect>', rows
    )
    told = _("%(title)s: at most %(top)s.") % {"title": title, "top": write(top)}
    return format_html(
        '<svg class="drawing drawing--columns" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        *(int(WIDTH), int(HEIGHT), told, body),
    )


def _height(value: float, top: float) -> float:
    """A little of even the smallest is seen; nothing is a hair on the ground."""
    return max(2.0, (HEIGHT - 2) * value / top) if value and top else 0.5


@register.simple_tag
def share_bar(share: float, label: str) -> SafeString:
    """A share of a hundred as a bar."""
    width = f"{min(100.0, max(0.0, share)):.1f}"
    return format_html(
        '<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="share__all" width="100" height="6"></rect><rect class="share__part" width="{}" height="6"></rect>'
        "</svg>",
        *(label, width),
    )
