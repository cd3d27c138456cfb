"""Checks: whether each provider answers, at the start, at its interval and when somebody asks.

One task does them with a few threads, because a check mostly waits. Which provider is being checked stands in its row,
so that no two processes check the same one and all together keep to `providers.check_concurrency`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import DatabaseError, connections
from django.db.models import Min
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from aniworld import clock
from aniworld.accounts.models import Preferences
from aniworld.configuration import store
from providers import monitored, outcomes, registry
from providers.exceptions import ConnectionFailed, NotConfigured, ProviderError
from providers.lights import light_of
from providers.models import INTERVALS, Provider, ProviderStatus

log = logging.getLogger(__name__)

# Seconds between two looks for a free place, or for the end of a check that somebody else makes.
_LOOK_EVERY = 0.1


def check(name: str) -> ProviderStatus:
    """Asks a provider now whether it answers; its status record. Raises `NotConfigured` when it can't be asked.

    When it is being checked already, the outcome of that is waited for.
    """
    asked = registry.checkable(name)
    record, _made = ProviderStatus.objects.select_related("provider").get_or_create(provider=asked.row)
    if asked.is_checkable and not record.begin_testing():
        return _after_the_others(record)
    error, milliseconds, is_probe = _asked(asked, record)
    _keep(record, error, milliseconds, is_probe)
    return record


def why_not(row: Provider) -> str:
    """Why an enabled provider can't be checked, in a sentence; empty when it can."""
    try:
        asked = registry.checkable(row.name)
    except NotConfigured as error:
        return str(error)
    return "" if asked.is_checkable else str(_without_address(asked))


def is_untried(row: Provider) -> bool:
    """Whether nothing is known of it: its check has nothing to ask, and no request told anything either."""
    return light_of(row).word == "unknown" and bool(why_not(row))


def check_these(rows: Iterable[Provider]) -> str:
    """Checks providers, several at a time; a sentence on how that went. What each said stands in its status record."""
    return _Round(rows).run()


def check_all() -> str:
    """Checks every enabled provider; a sentence on how that went."""
    return check_these(_checked_at_intervals())


def check_due() -> str:
    """Checks those whose interval is over, and takes back checks that were never ended; a sentence."""
    ProviderStatus.end_abandoned()
    shortest, now = _shortest_wish(), clock.now()
    return check_these(row for row in _checked_at_intervals() if _is_due(row.status_record, shortest, now))


def ring() -> None:
    """Has a worker check every provider. A broker that can't be reached is logged: each minute the due ones are."""
    try:
        async_task("providers.tasks.check_all", cluster="default", save=False)
    except Exception:  # brokers raise what they like
        log.exception("The check of all providers could not be started")


def _checked_at_intervals() -> list[Provider]:
    rows = Provider.objects.filter(enabled=True, status_record__is_enabled=True).select_related("status_record")
    return list(rows.order_by("status_record__last_check", "pk"))


def _shortest_wish() -> int | None:
    """The shortest of the users' own intervals in minutes."""
    wishes = Preferences.objects.filter(user__is_active=True, check_interval__gte=min(INTERVALS))
    found: int | None = wishes.aggregate(shortest=Min("check_interval"))["shortest"]
    return found


def _is_due(record: ProviderStatus, shortest: int | None, now: datetime) -> bool:
    if record.is_being_checked or (record.is_pause and record.is_open):
        return False
    interval = min(record.check_interval, shortest or record.check_interval)
    return record.last_check is None or record.last_check + timedelta(minutes=interval) <= now


class _Round:
    """Providers that are checked one after the other by a few threads.

    Who could not be connected to is judged at the end: by then it is known whether anybody could be.
    """

    def __init__(self, rows: Iterable[Provider]) -> None:
        self._waiting = deque(rows)
        self._unreached: list[tuple[ProviderStatus, ProviderError, float, bool]] = []
        self._checked = 0
        self._lock = threading.Lock()

    def run(self) -> str:
        """All of them; answers when the last one is through or given up."""
        count = min(store.current().providers.check_concurrency, len(self._waiting))
        threads = [threading.Thread(target=self._work, name="provider-checks", daemon=True) for _number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for record, error, milliseconds, is_probe in self._unreached:
            _keep(record, error, milliseconds, is_probe)
        return f"{self._checked} providers checked"

    def _work(self) -> None:
        try:
            while (row := self._next()) is not None:
                self._check(row)
        finally:
            connections.close_all()

    def _next(self) -> Provider | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _check(self, row: Provider) -> None:
        try:
            asked = registry.checkable(row.name)
            if not asked.is_checkable:
                _say_once(row.status_record, _without_address(asked))
                return
            if not _begun(row.status_record):
                return
            error, milliseconds, is_probe = _asked(asked, row.status_record)
        except NotConfigured as failure:
            error, milliseconds, is_probe = failure, 0.0, False
        except Exception:  # one that can't be checked must not keep the others from it
            log.exception("%s could not be checked", row.name)
            return
        with self._lock:
            self._checked += 1
        if isinstance(error, ConnectionFailed):
            self._judge_later(row.status_record, error, milliseconds, is_probe)
        else:
            _keep(row.status_record, error, milliseconds, is_probe)

    def _judge_later(self, record: ProviderStatus, error: ProviderError, milliseconds: float, is_probe: bool) -> None:
        with self._lock:
            self._unreached.append((record, error, milliseconds, is_probe))
        # Its place is the next one's: when nobody answers, they would all wait for each other.
        with suppress(DatabaseError, ProviderStatus.DoesNotExist):
            record.end_testing()


def _begun(record: ProviderStatus) -> bool:
    """Waits for a free place. False when somebody else checks it."""
    until = time.monotonic() + 4 * store.current().providers.check_timeout_seconds
    while not record.begin_testing(store.current().providers.check_concurrency):
        record.refresh_from_db()
        if record.is_being_checked or time.monotonic() > until:
            return False
        time.sleep(_LOOK_EVERY)
    return True


def _without_address(asked: monitored.MonitoredCatalogue | monitored.MonitoredHost) -> NotConfigured:
    return NotConfigured(_("%s has no address that could be checked.") % asked.display_name)


def _say_once(record: ProviderStatus, error: NotConfigured) -> None:
    """It is no check, so nothing has to be written each time that one would be due."""
    if record.error_message != str(error):
        _keep(record, error, 0.0, is_probe=False)


def _asked(
    asked: monitored.MonitoredCatalogue | monitored.MonitoredHost, record: ProviderStatus
) -> tuple[ProviderError | None, float, bool]:
    """What went wrong, the milliseconds, and whether this was the probe of an open breaker."""
    if not asked.is_checkable:
        return _without_address(asked), 0.0, False
    try:
        is_probe = record.breaker != ProviderStatus.Breaker.CLOSED and record.try_probe(last_resort=True)
        error, milliseconds = asked.check(store.current().providers.check_timeout_seconds)
    except BaseException:
        # An error of this program, or somebody who would not wait: no check that looks as if it ran on.
        with suppress(DatabaseError, ProviderStatus.DoesNotExist):
            record.end_testing()
        raise
    return error, milliseconds, is_probe


def _keep(record: ProviderStatus, error: ProviderError | None, milliseconds: float, is_probe: bool) -> None:
    try:
        given = outcomes.circumstances(record.provider, error, is_probe=is_probe)
        record.record_check(error, milliseconds, given)
    except (DatabaseError, ProviderStatus.DoesNotExist):
        log.warning("The check of %s could not be kept.", record.provider.name, exc_info=True)


def _after_the_others(record: ProviderStatus) -> ProviderStatus:
    until = time.monotonic() + store.current().providers.check_timeout_seconds + 1
    while time.monotonic() < until:
        record.refresh_from_db()
        if not record.is_being_checked:
            break
        time.sleep(_LOOK_EVERY)
    return record
