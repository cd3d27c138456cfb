"""What differs between two texts, marked in each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


class Piece(Protocol):
    """Some of a text, and whether the other one has it too."""

    @property
    def text(self) -> str:
        """As it is, not escaped."""

    @property
    def is_same(self) -> bool:
        """Whether nothing is to be marked."""


@register.filter
def marked(pieces: Iterable[Piece], element: str) -> SafeString:
    """The pieces as one text, those that differ within `del` or `ins`."""
    texts = ((escape(piece.text), piece.is_same) for piece in pieces)
    whole = "".join(text if is_same else f"<{element}>{text}</{element}>" for text, is_same in texts)
    return mark_safe(whole)  # noqa: S308 - each text is escaped
