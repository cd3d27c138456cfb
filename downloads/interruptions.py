"""Why the work at an item ends before its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _


class Interrupted(Exception):
    """The item is not to be worked at any longer: cancelled, stopped, taken over, or this process shuts down."""


class LeaseLost(Interrupted):
    """Somebody else decided over the item, or took it: touch nothing that is not ours."""


class ShuttingDown(Interrupted):
    """This process was asked to end: the item goes back with its bytes."""


class PlaceLost(Interrupted):
    """Fewer downloads may run at once than before, and this one is too many: it goes back with its bytes."""


class WindowClosed(Interrupted):
    """The download window is over. `opens_at` is when it begins again."""

    def __init__(self, opens_at: datetime) -> None:
        super().__init__(_("The download window is closed; it goes on at %s.") % f"{opens_at:%H:%M}")
        self.opens_at = opens_at


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
    """The file is not what it should be. `str(error)` says what was found, `facts` what it is, as far as known."""

    outcome = "truth_failed"

    def __init__(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.facts = dict(facts or {})


class HostsOff(TransferFailed):
    """Every host that has the episode in a wanted language is switched off: only an operator can change that."""


class CatalogueFailed(Exception):
    """The catalogue did not say where the episode can be had, so no source was tried. `error` is a `ProviderError`."""

    def __init__(self, provider: str, error: Exception) -> None:
        super().__init__(f"{provider}: {error}")
        self.provider = provider
        self.error = error


class MustWait(Exception):
    """Nothing is wrong with any source, but the work can't go on now. `reason` is a `QueueItem.PauseReason`.

    `work_bytes` and `library_bytes` are what has to be free below each folder before it is of use to try again.
    """

    def __init__(self, reason: str, message: str, *, work_bytes: int = 0, library_bytes: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.work_bytes = work_bytes
        self.library_bytes = library_bytes
