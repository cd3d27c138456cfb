"""Stars in halves, which a keyboard can set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()

_MOST = 5


@dataclass(frozen=True)
class Half:
    """Half a star: choosing it gives all up to it."""

    value: str
    words: str
    is_right: bool
    is_chosen: bool


@register.inclusion_tag("parts/favorites/stars.html")
def stars(favorite: Any) -> dict[str, Any]:
    """The stars of a favourite, as a group of radio buttons."""
    return {
        "favorite": favorite,
        "series": favorite.series,
        "halves": [_half(favorite, n) for n in range(1, 2 * _MOST + 1)],
    }


def _half(favorite: Any, number: int) -> Half:
    value = number / 2
    words = _("%(stars)s of 5 stars") % {"stars": number_format(value, decimal_pos=number % 2)}
    return Half(str(value), words, is_right=number % 2 == 0, is_chosen=favorite.rating == value)
