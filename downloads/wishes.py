"""Queues what was wished for when a series was added, as soon as its episodes are known."""

from __future__ import annotations

import logging

from downloads import queue
from library.models import Series
from library.root import LibraryUnavailable

logger = logging.getLogger(__name__)


def queue_wanted() -> None:
    """Queues the missing episodes of freshly loaded series that were added to be downloaded, once each."""
    for series in Series.objects.wanting_download():
        try:
            queue.enqueue_missing(series)
        except LibraryUnavailable:
            # The wish stays until the folder is back.
            continue
        Series.objects.filter(pk=series.pk).update(download_when_loaded=False)
        logger.info("Queued what was missing of %s", series.key)
