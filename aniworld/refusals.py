"""Why a verb of the domain says no. API, pages and commands render these; nothing else needs to know about statuses."""

from __future__ import annotations

from typing import ClassVar


class Explained(Exception):
    """An error whose text is a sentence for a person, without secrets. Commands render it as one line."""


class Refused(Explained):
    """A request that can't be carried out. `str(error)` is a sentence for a person: what, why, and what would help."""

    status: ClassVar[int] = 400
    code: str = "refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code:
            self.code = code


class BadOperation(Refused):
    """It makes no sense as asked."""

    code = "bad_operation"


class Forbidden(Refused):
    """Who asks is known, and may not."""

    status = 403
    code = "forbidden"


class NotThere(Refused):
    """What it names does not exist."""

    status = 404
    code = "not_found"


class Conflict(Refused):
    """It does not go with the present state."""

    status = 409
    code = "conflict"


class Gone(Refused):
    """It would have been possible earlier."""

    status = 410
    code = "too_late"


class Invalid(Refused):
    """A value that fails validation."""

    status = 422
    code = "invalid"


class NotReady(Refused):
    """Something it needs is not there now, such as the library folder."""

    status = 503
    code = "not_ready"


class SlowDown(Refused):
    """Too many tries. `retry_after` is in seconds."""

    status = 429
    code = "slow_down"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
