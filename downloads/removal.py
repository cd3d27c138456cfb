"""Takes a series out of the library with everything the queue does for it."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import QuerySet

from aniworld.accounts.models import User
from downloads import queue
from downloads.models import QueueItem, QueueState, Undo
from library import files
from library.files import ArrivalFailed
from library.metadata import episode_nfo
from library.models import EpisodeFile, Series

logger = logging.getLogger(__name__)


def remove_series(series: Series, *, delete_files: bool = False, by: User | None = None) -> str:
    """Removes the series and cancels its downloads; with `delete_files` its files are gone. Answers the undo id.

    Raises `LibraryUnavailable` when files shall be deleted and the library folder is not there.
    """
    if delete_files:
        files.library_root()
    with transaction.atomic():
        # Nothing of it is queued any more from here on: enqueueing asks under the same lock.
        QueueState.objects.locked()
        series.remove()
        ids = list(QueueItem.objects.live().filter(series=series).values_list("pk", flat=True))
        undo_id = Undo.remember("series", {"series": series.pk, "items": queue.cancel_all(ids)}, by)
    if delete_files:
        discard_files(series, EpisodeFile.objects.all())
    return undo_id


def discard_files(series: Series, several: QuerySet[EpisodeFile]) -> None:
    """Deletes files of the series for good; their episodes are missing from then on.

    Each by itself: one that can't be deleted keeps no other. The first one is told of with its row, so that a crash
    before the last one keeps nobody from knowing.
    """
    folders: set[str] = set()
    for file in several.filter(episode__series=series).select_related("episode"):
        # The row first: a file without a row is found by a scan, a row without a file would be a lie.
        path, episode = file.path, file.episode
        with transaction.atomic():
            file.delete()
            episode.settle_files()
            if not folders:
                series.tell_of_files("delete", PurePosixPath(path).parts[0])
        folders.add(PurePosixPath(path).parts[0])
        try:
            files.discard(path)
            episode_nfo.discard(path)
        except (OSError, ArrivalFailed) as error:
            logger.warning("%s could not be deleted: %s", path, error)
    if folders:
        series.tell_of_files("delete", *sorted(folders))
