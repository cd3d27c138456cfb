"""The one exception tree of the outside world. Each error says whether trying again helps and how an attempt ends."""

from __future__ import annotations

import re
from typing import ClassVar

from aniworld.refusals import Explained

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class ProviderError(Explained):
    """Something outside did not do what was asked. `str(error)` is a sentence for a person, without secrets.

    `retryable`: the same request may succeed later. `outcome`: how a download attempt that met it is recorded
    (a value of `downloads.models.Attempt.Outcome`).
    """

    retryable: ClassVar[bool] = True
    outcome: ClassVar[str] = "failed"
    code: ClassVar[str] = "provider_error"

    def __str__(self) -> str:
        """What pages and packages put into it included, in a form that every database and log takes."""
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", super().__str__())


class ConnectionFailed(ProviderError):
    """Refused, reset, unreachable, TLS failure, or a name that does not resolve."""

    code = "connection_failed"


class TimedOut(ProviderError):
    """No answer, or not the whole of it, in time."""

    code = "timed_out"


class ServerFailed(ProviderError):
    """An answer of the 5xx family, or an unexpected `status`."""

    code = "server_failed"

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RateLimited(ProviderError):
    """429. `retry_after` is in seconds, None when the answer did not say."""

    code = "rate_limited"
    outcome = "rate_limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Resting(RateLimited):
    """Not asked: the breaker of the provider is open. `retry_after` is when somebody may be let through again."""

    code = "resting"


class Blocked(ProviderError):
    """A challenge, captcha, login wall or 403: never circumvented, the next source is tried."""

    retryable = False
    code = "blocked"
    outcome = "blocked"


class NotFound(ProviderError):
    """404 or 410: it is not there (any more)."""

    retryable = False
    code = "not_found"


class Expired(ProviderError):
    """A stream address that was good has run out; resolving again may help."""

    code = "expired"
    outcome = "expired"


class PageNotUnderstood(ProviderError):
    """A page without what was expected. The text names the page and what was looked for."""

    retryable = False
    code = "page_not_understood"


class WrongContent(ProviderError):
    """Something else than a video or playlist: an HTML page, a wrong length, a changed file."""

    code = "wrong_content"
    outcome = "wrong_content"


class WrongPart(WrongContent):
    """A part that is not the one that was asked for, or not as long as it says."""

    code = "wrong_part"


class OutOfRange(WrongContent):
    """416: the resource does not reach as far as the part that was asked for."""

    code = "out_of_range"


class TooLarge(ProviderError):
    """An answer over the limit for its kind."""

    retryable = False
    code = "too_large"
    outcome = "wrong_content"


class AddressRefused(ProviderError):
    """The address guard: a scheme, host or network that providers may not reach."""

    retryable = False
    code = "address_refused"


class PrivateAddress(AddressRefused):
    """The host is in a private network, and the operator does not let it be reached."""

    code = "private_address"


class NotConfigured(ProviderError):
    """The provider is disabled, unknown, or has no address yet."""

    retryable = False
    code = "not_configured"
