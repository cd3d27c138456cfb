"""The checks that need no database, registered with Django: they speak at every start."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Info, Warning, register

from aniworld.checks import STATIC

_KINDS: dict[str, type[Error | Warning | Info]] = {"error": Error, "warning": Warning, "information": Info}


@register("installation")
def installation(**_kwargs: Any) -> list[CheckMessage]:
    """One message with an id for each check that is not fine."""
    found: list[CheckMessage] = []
    for identifier, look in STATIC.items():
        check = look()
        kind = _KINDS[check.severity]
        if not check.ok:
            found.append(kind(check.message, hint=check.remedy, id=identifier))
    return found
