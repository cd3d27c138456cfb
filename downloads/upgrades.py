"""Replaces an episode by one in a better language: it is queued, and once it has arrived, the lesser one goes.

The old file stays until the new one has passed its check and stands in the library. Then, each step safe against being
killed: the rows of the lesser files go and their paths are noted at the item, in one transaction; the files and their
NFO go; the item is done with. A sweep takes up what was left in between.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress

from django.db import transaction
from django.utils.module_loading import import_string

from aniworld.refusals import Explained
from downloads import queue
from downloads.models import QueueItem
from library import files
from library.models import Episode, EpisodeFile, Series
from providers.contracts import LANGUAGES

logger = logging.getLogger(__name__)

Upgrade = QueueItem.Upgrade


def queue_for(series: Series, episodes: Iterable[Episode] | None = None) -> list[int]:
    """Queues the better language of each episode that is there in a lesser one; ids of the new items.

    Nothing where the series' plan does not ask for it. Raises as `queue.enqueue`.
    """
    if not series.wants_upgrade:
        return []
    rows = Episode.objects.filter(series=series, is_downloaded=True, left_alone=Episode.LeftAlone.NO)
    if episodes is not None:
        rows = rows.filter(pk__in=[episode.pk for episode in episodes])
    busy = set(QueueItem.objects.live().filter(series=series).values_list("episode", flat=True))
    by_language: dict[str, list[Episode]] = {}
    for episode in rows.prefetch_related("files").order_by("season", "number"):
        language = None if episode.pk in busy else better(series, episode)
        if language:
            by_language.setdefault(language, []).append(episode)
    added: list[int] = []
    for language, some in by_language.items():
        added += queue.enqueue(series, some, language=language, upgrade=True).added
    return added


def better(series: Series, episode: Episode) -> str | None:
    """The best language at the catalogue, if it is better than all that is there; None also where that is not known.

    Files whose language nobody knows might be in the better one; those that hold several episodes are never replaced.
    """
    there = list(episode.files.all())
    if not there or not all(_is_replaceable(file) for file in there):
        return None
    best = min(_rank(series, file.language) for file in there)
    offered = sorted((_rank(series, language), language) for language in episode.languages)
    return offered[0][1] if offered and offered[0][0] < best else None


def finish(item: QueueItem) -> None:
    """Takes the files away that the item's one replaces, as far as that has not happened. Raises nothing."""
    try:
        if _forget_lesser(item):
            _remove_files(item)
    except Explained as error:
        logger.warning("What %s replaces could not be removed; tried again: %s", item, error)
    except OSError:
        logger.exception("What %s replaces could not be removed; tried again", item)


def sweep() -> int:
    """Ends what a killed worker, or a library that was away, left undone; answers how many it looked at."""
    rows = QueueItem.objects.filter(status=QueueItem.Status.COMPLETED, upgrade__in=(Upgrade.WANTED, Upgrade.REPLACING))
    left = list(rows.select_related("series", "episode").order_by("pk")[:100])
    for item in left:
        finish(item)
    return len(left)


def _forget_lesser(item: QueueItem) -> bool:
    """Rows first, in one transaction with the note of what goes. False when nothing goes, or all is gone."""
    if item.upgrade != Upgrade.WANTED:
        return item.upgrade == Upgrade.REPLACING
    with transaction.atomic():
        # Nobody else replaces the same meanwhile.
        if not QueueItem.objects.select_for_update().filter(pk=item.pk, upgrade=Upgrade.WANTED).exists():
            return False
        lesser = _lesser_files(item) if _may_replace(item) else []
        item.replaces([{"path": file.path, "language": file.language} for file in lesser])
        EpisodeFile.objects.filter(pk__in=[file.pk for file in lesser]).delete()
        item.episode.settle_files()
        if lesser:
            names = sorted({file.language for file in lesser})
            _publish(item, names)
            logger.info("%s replaces %s", item.file_destination, ", ".join(names))
    return bool(lesser)


def _may_replace(item: QueueItem) -> bool:
    """The file is there, and has passed its check: not one that somebody accepted although it did not. And the plan
    still asks for it, which may have changed in the hours of a download."""
    item.series.refresh_from_db(fields=["language_plan"])
    return not item.note and item.series.wants_upgrade and _arrived(item) is not None


def _arrived(item: QueueItem) -> EpisodeFile | None:
    """The better file, under whatever name it has by now."""
    return EpisodeFile.objects.filter(episode=item.episode_id, language=item.language).first()


def _lesser_files(item: QueueItem) -> list[EpisodeFile]:
    arrived = _rank(item.series, item.language)
    others = EpisodeFile.objects.filter(episode=item.episode_id)
    return [file for file in others if _is_replaceable(file) and _rank(item.series, file.language) > arrived]


def _remove_files(item: QueueItem) -> None:
    """The files, then the mark. One that can't be removed keeps the mark, and with it the next try."""
    files.library_root()
    for path in [entry["path"] for entry in item.replaced]:
        if not _is_there(item):
            break
        files.discard(path)
        with suppress(Explained, OSError):
            # Imported on first use: XML takes memory that `up`, which queues upgrades, does not need.
            import_string("library.metadata.episode_nfo.discard")(path)
        # A scan that ran between row and file took it for a new one.
        EpisodeFile.objects.filter(path=path, episode=item.episode_id).delete()
    item.episode.settle_files()
    item.has_replaced()


def _is_there(item: QueueItem) -> bool:
    """Never the last file of an episode: the better one has to be in its place now."""
    better_one = _arrived(item)
    return better_one is not None and files.locate(better_one.path).is_file()


def _is_replaceable(file: EpisodeFile) -> bool:
    return file.language in LANGUAGES and file.last_number is None


def _rank(series: Series, language: str) -> int:
    """0 is wanted most; all that the plan does not name are equal, and last."""
    wanted = [one.value for one in series.wanted_languages()]
    return wanted.index(language) if language in wanted else len(wanted)


def _publish(item: QueueItem, replaced: Sequence[str]) -> None:
    facts = {"season": item.season, "episode": item.episode.number, "language": item.language, "replaced": replaced}
    item.series.tell_of_files("upgrade", **facts)
