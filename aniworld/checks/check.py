"""What a look at one thing finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

# Of information nothing has to follow, and a warning does not make `doctor` fail.
Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `remedy` says what helps when it is not `ok`."""

    name: str
    ok: bool
    message: str = ""
    remedy: str = ""
    severity: Severity = "error"


Look = Callable[[], Check]


def fine(name: str, message: str) -> Check:
    """It is as it should be."""
    return Check(name, True, message)


def warning(name: str, message: str, remedy: str) -> Check:
    """It works, but something will go wrong, or is not safe."""
    return Check(name, False, message, remedy, "warning")


def note(name: str, message: str, remedy: str) -> Check:
    """Worth knowing, and maybe meant so."""
    return Check(name, False, message, remedy, "information")
