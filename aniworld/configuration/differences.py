"""What differs between two configurations, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from aniworld.configuration.titles import TITLES


@dataclass(frozen=True)
class Difference:
    """One setting: what it is called, its name for commands, and its value now and afterwards."""

    title: str
    key: str
    now: str
    then: str


def in_words(pairs: Mapping[str, tuple[Any, Any]]) -> list[Difference]:
    """Each pair of values, such as `store.compared` answers, in words."""
    return [
        Difference(_(TITLES[key]) if key in TITLES else key, key, told(now), told(then))
        for key, (now, then) in pairs.items()
    ]


def told(value: Any) -> str:
    """A value as people read it."""
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
