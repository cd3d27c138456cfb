"""What came of the sources of an item in one short line for people; the whole story stands in its attempts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from downloads.models import Attempt
from providers.models import Provider

Outcome = Attempt.Outcome


@dataclass(frozen=True, slots=True)
class Said:
    """The name of a source's host, and in few words why the source brought nothing."""

    host: str
    words: str


def of(outcome: str, code: str = "") -> str:
    """How a try ended in few words. `code` is that of the provider's error; it says more where the outcome is plain."""
    return _of_codes().get(code) or _of_outcomes().get(outcome) or _("failed")


def of_error(error: Exception) -> str:
    """The same of what was raised."""
    return of(getattr(error, "outcome", ""), getattr(error, "code", ""))


def display_name(name: str) -> str:
    """What people call the provider of that name."""
    row = Provider.known().get(name)
    return row.display_name if row else name


def line(said: Iterable[Said]) -> str:
    """Each host once, whatever the languages: “Voe - not found; Vidoza - too slow, not found”."""
    told: dict[str, dict[str, None]] = {}
    for one in said:
        told.setdefault(display_name(one.host), {})[one.words] = None
    return "; ".join(f"{name} \N{EN DASH} {', '.join(words)}" for name, words in told.items())


def _of_codes() -> dict[str, str]:
    return {
        "not_found": _("not found"),
        "blocked": _("asks for a captcha or a login"),
        "connection_failed": _("not reachable"),
        "timed_out": _("no answer in time"),
        "server_failed": _("its server fails"),
        "page_not_understood": _("its page was not understood"),
        "address_refused": _("its address is not allowed"),
        "not_configured": _("not set up"),
        "rate_limited": _("too many requests"),
    }


def _of_outcomes() -> dict[str, str]:
    return {
        Outcome.BLOCKED: _("asks for a captcha or a login"),
        Outcome.STALLED: _("sends nothing"),
        Outcome.SLOW: _("too slow"),
        Outcome.RATE_LIMITED: _("too many requests"),
        Outcome.EXPIRED: _("its link expires"),
        Outcome.WRONG_CONTENT: _("sends no video"),
        Outcome.TRUTH_FAILED: _("its file did not pass the check"),
    }
