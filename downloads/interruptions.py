"""Why the work at an item ends before its end."""

from __future__ import annotations

from typing import ClassVar


class Interrupted(Exception):
    """The item is not to be worked at any longer: cancelled, stopped, taken over, or this process shuts down."""


class LeaseLost(Interrupted):
    """Somebody else decided over the item, or took it: touch nothing that is not ours."""


class ShuttingDown(Interrupted):
    """This process was asked to end: the item goes back with its bytes."""


class TransferFailed(Exception):
    """A transfer that must count as failed at this source although nothing reported an error."""

    outcome: ClassVar[str] = "failed"


class Stalled(TransferFailed):
    """Not one byte for `stall_seconds`."""

    outcome = "stalled"


class TooSlow(TransferFailed):
    """Below `minimum_speed_kbps` for `stall_seconds`."""

    outcome = "slow"


class Untrue(TransferFailed):
    """The file is not what it should be. `str(error)` says what was found."""

    outcome = "truth_failed"


class CatalogueFailed(Exception):
    """The catalogue did not say where the episode can be had, so no source was tried. `error` is a `ProviderError`."""

    def __init__(self, provider: str, error: Exception) -> None:
        super().__init__(f"{provider}: {error}")
        self.provider = provider
        self.error = error


class MustWait(Exception):
    """Nothing is wrong with any source, but the work can't go on now. `reason` is a `QueueItem.PauseReason`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
