"""What each fault of the demo site comes to at each step where it can strike, and what it needs to strike for sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.demo.fault_kinds import KINDS

# How the attempt at the host is recorded, for each of the kind's stages in their order; `|` where two are right, by
# what is noticed first; `completed` where the fault does no harm. Of the catalogue's page, at which no host is tried
# yet: `waits` (asked again, without counting), `round` (counted) or `parked` (until somebody looks).
ENDS: dict[str, str] = {
    # page redirect embed media playlist segment key
    "refuse": "waits failed failed failed failed failed failed",
    "timeout": "waits failed failed failed failed stalled|failed stalled|failed",
    "slow_answer": "waits failed failed failed failed stalled|failed stalled|failed",
    "403": "parked blocked blocked blocked blocked expired expired",
    "404": "round failed failed failed failed expired expired",
    "410": "round failed failed expired expired expired expired",
    "429": "waits rate_limited rate_limited rate_limited rate_limited rate_limited rate_limited",
    "500": "waits failed failed failed failed failed failed",
    "503": "waits failed failed failed failed failed failed",
    "challenge": "parked blocked blocked blocked blocked expired expired",
    "login": "parked blocked blocked blocked blocked expired expired",
    "redirect_loop": "waits failed failed failed failed failed failed",
    "redirect_private": "round failed failed failed failed failed failed",
    "huge_header": "waits failed failed failed failed failed failed",
    "empty": "round completed failed wrong_content wrong_content wrong_content wrong_content",
    # media segment
    "speed": "slow slow",
    "stall": "slow|stalled stalled|slow",
    "hold": "stalled|slow stalled|slow",
    "cut": "failed failed",
    "wrong_length": "wrong_content failed",
    "html": "wrong_content wrong_content",
    "html_as_video": "wrong_content wrong_content",
    "ignore_ranges": "completed completed",
    "corrupt": "truth_failed wrong_content",
    "truncated": "truth_failed wrong_content",
    "encoded": "wrong_content wrong_content",
    "changing_file": "completed wrong_content",
    # media playlist segment key
    "expire": "expired expired expired expired",
    # the one stage of each
    "bad_playlist": "wrong_content",
    "playlist_without_end": "wrong_content",
    "oversize_playlist": "wrong_content",
    "playlist_loop": "wrong_content",
    "playlist_foreign": "failed",
    "missing_segment": "expired",
    "wrong_key": "wrong_content",
    "oversize_key": "wrong_content",
}

VALUES: dict[str, dict[str, Any]] = {
    "429": {"retry_after": "30"},
    "slow_answer": {"seconds": 20},
    "speed": {"speed": 5_000},
    "stall": {"after_bytes": 1000},
    "hold": {"after_bytes": 1000},
    "cut": {"after_bytes": 1000},
    "expire": {"after_requests": 0},
}

# Those that are waited for: one stage of each, of all stages together, is enough for every day.
WAITED_FOR = {"timeout": "embed", "slow_answer": "playlist", "speed": "media", "stall": "segment", "hold": "media"}


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault at a stage. `ends`: the outcomes that are right. `is_long`: too long for every day."""

    kind: str
    stage: str
    ends: tuple[str, ...]
    is_long: bool

    def __str__(self) -> str:
        return f"{self.kind}-{self.stage}"

    @property
    def values(self) -> dict[str, Any]:
        """The fault's own, so that it strikes whatever is asked for."""
        return VALUES.get(self.kind, {})

    @property
    def is_stall(self) -> bool:
        """Whether the stall rule may be what notices it, and not the time-out of a request."""
        return not {"stalled", "slow"}.isdisjoint(self.ends)


def strikes() -> list[Strike]:
    """Every kind at every stage. Raises `KeyError` or `ValueError` for one without its expected end."""
    return [
        Strike(kind, stage, tuple(end.split("|")), WAITED_FOR.get(kind, stage) != stage)
        for kind, known in KINDS.items()
        for stage, end in zip(known.stages, ENDS[kind].split(), strict=True)
    ]
