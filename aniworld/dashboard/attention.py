"""What needs a person, each with its remedy: what `doctor` finds, but for the looks that take longer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from aniworld import checks


def facts(_request: HttpRequest) -> dict[str, Any]:
    """Errors first, then warnings, then what is only worth knowing."""
    found = [check for check in checks.run() if not check.ok]
    order = ("error", "warning", "information")
    return {"problems": sorted(found, key=lambda check: order.index(check.severity))}
