"""Wakes workers. A bell carries nothing: the rows say what to do, so a lost, doubled or late one does no harm."""

from __future__ import annotations

import logging

from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

CLUSTER = "downloads"
# More waiting bells than any machine has workers wake nobody faster; those that still wait count.
MOST_WAITING = 32


def ring(count: int = 1) -> None:
    """Rings `count` bells once the transaction at hand is through."""
    transaction.on_commit(lambda: _ring_now(count))


def _ring_now(count: int) -> None:
    try:
        waiting = get_broker(CLUSTER).queue_size()
        for _bell in range(min(count, MOST_WAITING) - waiting):
            async_task("downloads.tasks.run_next", cluster=CLUSTER, save=False)
    except Exception:
        # The sweep rings again: an unreachable broker must not undo what was just written.
        logger.exception("The download workers could not be woken; the next sweep tries again")
