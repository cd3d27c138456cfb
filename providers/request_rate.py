"""Keeps a provider's `requests_per_minute`, counted over all processes of all machines."""

from __future__ import annotations

import random
import time

from django.utils.translation import gettext as _

from providers.exceptions import RateLimited
from providers.kept_rate import KeptRate, Place, kept
from providers.models import Provider
from providers.rate import Rate
from providers.time_limit import is_awaited

# What may be saved up for a moment in which several are asked at once, such as the seasons of a new series.
_SAVED = 0.1
# Up to so much longer than needed is waited between two requests, so that they come in no rhythm.
_JITTER = 0.1
# Seconds between two looks at the rules in force.
_LOOK = 0.5


def wait_for_turn(row: Provider) -> None:
    """Waits until another request fits into the minute. Raises `RateLimited` when that exceeds the time limit."""
    seconds = _wait_for_place(row)
    if seconds:
        message = _("%s was asked as often as its requests per minute allow.") % row.display_name
        raise RateLimited(message, max(1.0, seconds))


def may_ask_again(name: str) -> bool:
    """Waits until a request that failed fits into the minute once more; False when that exceeds the time limit.

    Also False when nobody waits for the answer any more.
    """
    if not is_awaited():
        return False
    row = Provider.known().get(name)
    return row is None or not _wait_for_place(row)


def _wait_for_place(row: Provider) -> float:
    """0 when a request may be sent now; else the seconds that it would have to wait, longer than the time limit."""
    rules = row.rules()
    if not rules.requests_per_minute:
        return 0.0
    bucket, rate = kept(f"requests of {row.name}"), _rate(rules.requests_per_minute)
    jitter = random.uniform(0, _JITTER)  # noqa: S311 - no secret
    place = bucket.take(1, rate, extra=jitter, within=rules.timeout_seconds)
    if place is None:
        return bucket.wait_for(1, rate)
    _wait(row.name, bucket, place)
    return 0.0


def _wait(name: str, bucket: KeptRate, place: Place) -> None:
    """At the rate in force at each moment: a change reaches those who wait, too."""
    while is_awaited() and (row := Provider.known().get(name)):
        limit = row.rules().requests_per_minute
        seconds = bucket.remaining(place, _rate(limit)) if limit else 0
        if seconds <= 0:
            return
        time.sleep(min(seconds, _LOOK))


def _rate(limit: int) -> Rate:
    """Saved ones and those that are earned meanwhile are never more than `limit` in any minute."""
    saved = max(1, round(limit * _SAVED))
    return Rate((limit - saved + 1) / 60, saved)
