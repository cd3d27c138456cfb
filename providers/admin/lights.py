"""Status lights in the admin: shape, colour and word."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from aniworld.templatetags.drawings import icon
from providers.lights import light_of
from providers.models import Provider


def drawn(row: Provider) -> SafeString:
    """The light of `row`."""
    light = light_of(row)
    return format_html('<span class="light light--{}">{}{}</span>', light.word, icon(light.icon), light.label)
