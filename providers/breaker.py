"""The circuit breaker's arithmetic: what an outcome says, and how long a provider then rests. No clock, no row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    Expired,
    NotFound,
    OutOfRange,
    PageNotUnderstood,
    ProviderError,
    RateLimited,
    Resting,
    ServerFailed,
    TimedOut,
    TooLarge,
    WrongContent,
)

# Seconds of rest after the first, second, third … failure: the first one may be chance.
PERIODS = (0, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400)
HIGHEST = len(PERIODS)
# Seconds, when a 429 names no time; and the most that is believed when it does.
RATE_PAUSE = 60.0
LONGEST_RATE_PAUSE = 86400.0
# Seconds of rest until one request at a time may be let through as the last resort, and between two of them.
LAST_RESORT_AFTER = 30.0
# Seconds of rest after a probe that failed for a reason which is not the provider's.
EXCUSED_REST = 60.0


class Meaning(Enum):
    """What the outcome of a request says about the provider."""

    DELIVERED = auto()
    # It is there, and this one request was in vain.
    ANSWERED = auto()
    FAILED = auto()
    BLOCKED = auto()
    RATE_LIMITED = auto()
    # Nobody was asked.
    NOTHING = auto()


_MEANINGS: tuple[tuple[tuple[type[ProviderError], ...], Meaning], ...] = (
    ((Resting,), Meaning.NOTHING),
    ((RateLimited,), Meaning.RATE_LIMITED),
    ((Blocked,), Meaning.BLOCKED),
    ((ConnectionFailed, TimedOut, PageNotUnderstood), Meaning.FAILED),
    ((NotFound, Expired, WrongContent, OutOfRange, TooLarge), Meaning.ANSWERED),
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else has to be known of a request to judge by its outcome.

    `is_probe`: it was let through a breaker that is half open. `is_partial`: its success proves no more than that the
    provider answers, as a resolved link does, whose file may still not come. `network_down`: nobody can be reached now.
    `in_grace`: the product was started a moment ago.
    """

    is_probe: bool = False
    is_partial: bool = False
    network_down: bool = False
    in_grace: bool = False

    @property
    def excuse(self) -> bool:
        """Whether a failure must not make the rest longer."""
        return self.network_down or self.in_grace


USUAL = Circumstances()


def meaning(error: ProviderError | None) -> Meaning:
    """What an outcome says about the provider; a single link that is gone says nothing bad."""
    if error is None:
        return Meaning.DELIVERED
    if isinstance(error, ServerFailed):
        is_failure = error.status is None or error.status >= 500
        return Meaning.FAILED if is_failure else Meaning.ANSWERED
    return next((found for kinds, found in _MEANINGS if isinstance(error, kinds)), Meaning.NOTHING)


def raised(level: int) -> int:
    """The level after another failure."""
    return min(level + 1, HIGHEST)


def lowered(level: int) -> int:
    """The level after a success."""
    return max(level - 1, 0)


def rest(level: int) -> float:
    """Seconds for which a failure that led to this level keeps requests away."""
    return float(PERIODS[min(level, HIGHEST) - 1]) if level > 0 else 0.0


def excused_rest(level: int) -> float:
    """The same after a probe that failed without the provider being to blame: it is tried again soon."""
    return min(EXCUSED_REST, rest(level))


def rate_pause(retry_after: float | None) -> float:
    """Seconds for which a 429 keeps requests away."""
    return RATE_PAUSE if retry_after is None else min(max(retry_after, 0.0), LONGEST_RATE_PAUSE)
