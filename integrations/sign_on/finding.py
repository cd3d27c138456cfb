"""What a test of signing on says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One sentence, and whether it is good news."""

    ok: bool
    text: str
