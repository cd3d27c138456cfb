"""What a page of rows shows a thousand times, and few of which differ."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import RequestContext
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def drawn_once(context: RequestContext, name: str, **values: Any) -> SafeString:
    """The template `name` with these values and no others, drawn the first time and repeated from then on.

    Unlike an `include` it sees nothing else of the page, so that the same values always mean the same.
    """
    kept: Any = context.render_context
    drawn: dict[tuple[Any, ...], SafeString] = kept.setdefault("drawn_once", {})
    key = (name, *values.items())
    if key not in drawn:
        drawn[key] = render_to_string(name, values)
    return drawn[key]
