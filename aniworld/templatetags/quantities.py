"""Sizes, speeds, durations and moments as people read them, in the language that is active."""

from __future__ import annotations

import math
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_GAP = "\N{NO-BREAK SPACE}"
_UNKNOWN = "–"


@register.filter
def size(count: float | None) -> str:
    """Bytes in decimal units, as disks are sold: 512 MB. A dash for None."""
    if count is None:
        return _UNKNOWN
    value, unit = max(0.0, float(count)), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit >= 2 and value < 99.95 else 0
    # Django's own cuts what is behind the last digit off.
    return f"{number_format(round(value, digits), decimal_pos=digits, force_grouping=False)}{_GAP}{_UNITS[unit]}"


@register.filter
def speed(count: float | None) -> str:
    """Bytes per second."""
    return _UNKNOWN if count is None else f"{size(count)}/s"


@register.filter
def percent(value: float | None) -> str:
    """Whole percents, never rounded up to 100."""
    return f"{int(value or 0)}{_GAP}%"


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as the two units that matter: 40 s, 12 min, 3 h 5 min, 2 d 4 h."""
    if seconds is None:
        return _UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{_GAP}s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes}{_GAP}min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours}{_GAP}h {minutes % 60}{_GAP}min"
    return f"{hours // 24}{_GAP}d {hours % 24}{_GAP}h"


def _since(seconds: float) -> str:
    """How long ago, in words."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if minutes < 1:
        return _("just now")
    if hours < 1:
        return ngettext("%d minute ago", "%d minutes ago", minutes) % minutes
    if days < 1:
        return ngettext("%d hour ago", "%d hours ago", hours) % hours
    return ngettext("%d day ago", "%d days ago", days) % days


def _until(seconds: float) -> str:
    """How long from now, in words."""
    minutes, hours, days = round(seconds / 60), round(seconds / 3600), round(seconds / 86400)
    if seconds < 60:
        return _("in %d s") % math.ceil(seconds)
    if hours < 2:
        return ngettext("in %d minute", "in %d minutes", minutes) % minutes
    if days < 2:
        return ngettext("in %d hour", "in %d hours", hours) % hours
    return ngettext("in %d day", "in %d days", days) % days


@register.filter
def is_ahead(moment: datetime | None) -> bool:
    """Whether it is still to come."""
    return moment is not None and moment > timezone.now()


def _exact(local: datetime) -> str:
    return f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}"


@register.filter
def ago(moment: datetime | None) -> str | SafeString:
    """A `<time>` element: relative for a month, then the date; the exact moment on hover."""
    if moment is None:
        return _UNKNOWN
    seconds = (timezone.now() - moment).total_seconds()
    local = timezone.localtime(moment)
    if abs(seconds) > 30 * 86400:
        words = date_format(local, "DATE_FORMAT")
    else:
        words = _since(seconds) if seconds >= 0 else _until(-seconds)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(local), words)


@register.filter
def clock_time(moment: datetime) -> SafeString:
    """The time of day alone, the exact moment on hover: where a heading names the day."""
    local = timezone.localtime(moment)
    words = date_format(local, "H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(local), words)
