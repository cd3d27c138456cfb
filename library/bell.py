"""Wakes whoever loads series, scans or matches. The bell carries nothing: a lost, doubled or late one does no harm."""

from __future__ import annotations

import logging

from django.db import transaction
from django_q.tasks import async_task

log = logging.getLogger(__name__)


def ring() -> None:
    """Wakes who loads series, once the transaction at hand is through."""
    ring_for("library.tasks.load_pending")


def ring_for_scan() -> None:
    """Wakes who scans, likewise."""
    ring_for("library.tasks.scan_requested")


def ring_for_matching() -> None:
    """Wakes who looks for adopted series at the catalogues, likewise."""
    ring_for("library.tasks.match_adopted")


def ring_for_monitoring() -> None:
    """Wakes who looks for new episodes, likewise."""
    ring_for("library.tasks.monitor")


def ring_for(task: str) -> None:
    """Wakes whoever does that task (its dotted path) in the background, likewise."""
    transaction.on_commit(lambda: _ring_now(task))


def _ring_now(task: str) -> None:
    try:
        async_task(task, cluster="default", save=False)
    except Exception:
        # The sweep rings again: an unreachable broker must not turn what was written into an error.
        log.exception("%s could not be started; the next sweep tries again", task)
