"""What a request that was made leaves behind: its row in the log, and what it says about the provider's state."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.db import DatabaseError

from aniworld.supervisor import instance
from providers import network, recording
from providers.breaker import Circumstances
from providers.contracts import Stream
from providers.exceptions import ConnectionFailed, NotConfigured, ProviderError, Resting
from providers.http.transport import origin
from providers.models import Provider, ProviderStatus

log = logging.getLogger(__name__)

# Seconds after the start of the product in which failures open no breaker: lines and sites may be about to come up.
GRACE = 60.0
# Most requests succeed, and need no new one each.
_OF_SUCCESS = {
    (probe, partial): Circumstances(is_probe=probe, is_partial=partial)
    for probe in (False, True)
    for partial in (False, True)
}


def record(
    row: Provider, action: str, milliseconds: float, size: int, language: str, error: ProviderError | None
) -> None:
    """The request's row for the log; none when nobody was asked."""
    if not isinstance(error, NotConfigured | Resting):
        recording.record(row, action, milliseconds, size, language, error)


def note(row: Provider, error: ProviderError | None, *, is_probe: bool = False, is_partial: bool = False) -> None:
    """What a request says about the provider's state. A busy database must not fail the request."""
    state: ProviderStatus | None = getattr(current(row), "status_record", None)
    if state is None:
        return
    try:
        state.note_request(error, circumstances(row, error, is_probe=is_probe, is_partial=is_partial))
    except (DatabaseError, ProviderStatus.DoesNotExist):
        log.warning("What a request says about %s could not be kept.", row.name, exc_info=True)


def current(row: Provider) -> Provider:
    """The row as it is now: who asks a provider may do so for hours."""
    try:
        return Provider.known().get(row.name, row)
    except DatabaseError:
        return row


def circumstances(
    row: Provider, error: ProviderError | None, *, is_probe: bool = False, is_partial: bool = False
) -> Circumstances:
    """What has to be known of a request besides its outcome. Raises `DatabaseError`."""
    if error is None:
        return _OF_SUCCESS[is_probe, is_partial]
    network_down = isinstance(error, ConnectionFailed) and network.is_down(row)
    age = instance.age()
    in_grace = age is not None and age < GRACE
    return Circumstances(is_probe=is_probe, is_partial=is_partial, network_down=network_down, in_grace=in_grace)


def remember_place(row: Provider, stream: Stream) -> None:
    """The site whose page led to the stream, when no better one is known."""
    state: ProviderStatus | None = getattr(current(row), "status_record", None)
    page = next((value for name, value in stream.headers.items() if name.lower() == "referer"), "")
    if state is None or not page:
        return
    scheme, host, port = origin(page)
    place = f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"
    is_wanted = not state.seen_at or state.known_status != ProviderStatus.Status.ACTIVE
    if is_wanted and place != state.seen_at:
        with suppress(DatabaseError):
            state.remember_place(place)
