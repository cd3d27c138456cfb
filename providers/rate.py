"""What a limit allows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So much a second, of which `burst` may be saved up while nobody takes anything."""

    per_second: float
    burst: float

    def share(self, among: int) -> Rate:
        """What each of so many may have."""
        return Rate(self.per_second / among, self.burst / among)
