"""How other systems are told: one request each, guarded, short and bounded, and what came of it as a sentence."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from providers.exceptions import AddressRefused, PrivateAddress, ProviderError, TimedOut
from providers.http import Answer, Client, Policy
from providers.http.answers import retry_after
from providers.http.transport import check_address

__all__ = ["Answer", "Outcome", "Refusal", "ask", "checked_address", "judged", "measured", "place_of"]

# Seconds for one request with its answer.
TIME_LIMIT = 10.0
# Bytes of an answer that are read, and characters of it that are kept.
ANSWER_LIMIT = 1024 * 1024
LONGEST_KEPT = 500
_AWAY = frozenset((408, 425, 429))


@dataclass(frozen=True)
class Outcome:
    """What came of telling somebody. `reason` says why it went wrong, without a secret.

    `is_away`: there is nobody to be told anything just now. `retry_after` is in seconds, as asked for.
    """

    ok: bool
    reason: str = ""
    status: int | None = None
    answer: str = ""
    milliseconds: int = 0
    is_away: bool = False
    retry_after: float | None = None
    # What the other side calls itself, where a test asked for that.
    about: str = field(default="", compare=False)


class Refusal(Exception):
    """It did not go. Carries its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limit: int = ANSWER_LIMIT,
    also_allowed: str = "",
) -> Answer:
    """One request, whatever is answered. Raises `Refusal` when there is no answer at all.

    `limit` is in bytes; `also_allowed` is a host that may be private as those of ALLOWED_PRIVATE_HOSTS.
    """
    allowed = frozenset([*settings.ALLOWED_PRIVATE_HOSTS, *filter(None, [also_allowed])])
    client = Client(Policy(timeout=TIME_LIMIT, retries=1, allowed_private_hosts=allowed))
    began = time.monotonic()
    try:
        return client.call(method, url, headers=headers, body=body, limit=limit)
    except ProviderError as error:
        raise Refusal(Outcome(False, _in_words(error, url), milliseconds=_since(began), is_away=True)) from None
    finally:
        client.close()


def measured(method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> Outcome:
    """The same as an outcome: good when the status is one of success. Raises nothing."""
    began = time.monotonic()
    try:
        return judged(url, ask(method, url, headers=headers, body=body), _since(began))
    except Refusal as refusal:
        return refusal.outcome


def judged(url: str, answer: Answer, milliseconds: int = 0) -> Outcome:
    """What an answer means, with as much of it as is kept."""
    reason = _why_not(url, answer)
    return Outcome(
        ok=not reason,
        reason=reason,
        status=answer.status,
        answer=answer.content[: 4 * LONGEST_KEPT].decode("utf-8", "replace").replace("\x00", "")[:LONGEST_KEPT],
        milliseconds=milliseconds,
        is_away=answer.status >= 500 or answer.status in _AWAY,
        retry_after=retry_after(answer.headers.get("Retry-After")) if reason else None,
    )


def checked_address(text: str) -> str:
    """An address to send to, without a slash at its end. Raises ValueError with a sentence."""
    address = text.strip().rstrip("/")
    try:
        check_address(address)
    except AddressRefused:
        text = _("Enter an address such as http://192.168.1.5:8096, without a name or password in it.")
        raise ValueError(text) from None
    return address


def place_of(url: str) -> str:
    """Host and port of an address, which no secret is in."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "?", parts.port
    except ValueError:
        return "?"
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host


def _why_not(url: str, answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return ""
    if 300 <= answer.status < 400:
        return _("It leads elsewhere (HTTP status %d), and that is not followed. Enter the address it leads to.") % (
            answer.status
        )
    if answer.status in (401, 403):
        return _("It refuses the key or password (HTTP status %d).") % answer.status
    if answer.status in (404, 405):
        told = {"place": place_of(url), "status": answer.status}
        return _("%(place)s does not know this address (HTTP status %(status)d). Is it the right one?") % told
    return _("It answered with HTTP status %d.") % answer.status


def _in_words(error: ProviderError, url: str) -> str:
    """Of the address no more than its place: a webhook's path is what opens it."""
    if isinstance(error, PrivateAddress):
        return _("%s is a private address; add it to ALLOWED_PRIVATE_HOSTS") % place_of(url)
    if isinstance(error, TimedOut):
        return _("It did not answer in time.")
    return str(error)


def _since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
