"""Wakes whoever loads series. The bell carries nothing: a lost, doubled or late one does no harm."""

from __future__ import annotations

import logging

from django.db import transaction
from django_q.tasks import async_task

log = logging.getLogger(__name__)


def ring() -> None:
    """Rings once the transaction at hand is through."""
    transaction.on_commit(_ring_now)


def _ring_now() -> None:
    try:
        async_task("library.tasks.load_pending", cluster="default", save=False)
    except Exception:
        # The sweep rings again: an unreachable broker must not turn what was written into an error.
        log.exception("The loading of series could not be started; the next sweep tries again")
