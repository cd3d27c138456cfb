"""What a client does to its torrents: stop, start, delete, and so on, each by the verbs of the queue."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence

from aniworld.accounts.models import User
from aniworld.configuration import store
from downloads import queue, removal
from downloads.models import Priority, QueueItem
from integrations.qbittorrent import grabbing, handing
from integrations.qbittorrent.models import ClientPart, ClientTorrent
from integrations.qbittorrent.models.torrent import ClientTorrentQuerySet
from integrations.releases import HASH, one_line
from library.models import Episode, EpisodeFile

logger = logging.getLogger(__name__)

MOST_TAGS, LONGEST_TAG = 50, 100
# Hashes that are looked for as they are; of more, those that are known.
_MOST_NAMED = 500


def chosen(hashes: Collection[str] | None) -> list[ClientTorrent]:
    """The torrents of these hashes, or with None all; unknown ones are passed over. With what verbs need of them."""
    return list(named(hashes).with_items("series", "episode"))


def named(hashes: Collection[str] | None) -> ClientTorrentQuerySet:
    """The same as a query. However long the list is, no more is asked for than there is."""
    rows = ClientTorrent.objects.all()
    if hashes is None:
        return rows
    wanted = {one for one in hashes if HASH.fullmatch(one)}
    if len(wanted) > _MOST_NAMED:
        wanted &= set(rows.order_by().values_list("info_hash", flat=True))
    return rows.filter(info_hash__in=wanted)


def stop(torrents: Iterable[ClientTorrent]) -> None:
    """Parks what of them is under way."""
    for torrent in torrents:
        torrent.stop(is_stopped=True)
        for item in _items(torrent):
            item.pause()


def start(torrents: Iterable[ClientTorrent]) -> None:
    """Goes on with what was stopped, and begins anew with what failed."""
    for torrent in torrents:
        torrent.stop(is_stopped=False)
        items = _items(torrent)
        for item in items:
            if item.pause_reason == QueueItem.PauseReason.USER:
                queue.resume_item(item)
        failed = [item.pk for item in items if item.status == QueueItem.Status.FAILED]
        if failed:
            queue.retry(failed)
        if any(item.status == QueueItem.Status.CANCELLED for item in items):
            torrent.fail("")
        if torrent.start_anew():
            grabbing.advance(torrent)


def prioritise(torrents: Iterable[ClientTorrent], priority: Priority) -> None:
    """Before or behind others of the queue."""
    for torrent in torrents:
        for item in _items(torrent):
            queue.prioritise(item, priority)


def delete(torrents: Sequence[ClientTorrent], *, with_files: bool, by: User) -> None:
    """Forgets them, and cancels what they alone had queued; `with_files` takes away what was handed over.

    The library's own files stay, unless the operator wants them to go with it.
    """
    for torrent in torrents:
        parts = list(torrent.parts.all())
        ids = _alone(torrent, parts)
        if not ClientTorrent.objects.filter(pk=torrent.pk).delete()[0]:
            # Somebody else did it this very moment.
            continue
        if ids:
            queue.cancel(ids, by=by)
        if with_files and torrent.place:
            handing.remove(torrent.place, [part.file for part in parts if part.file])
        if (
            with_files
            and torrent.stage == torrent.Stage.READY
            and not store.current().integrations.qbittorrent_keep_files
        ):
            _delete_from_library(torrent, parts)
        logger.info("%s was deleted by %s", torrent.name, by)


def tags_of(text: str) -> list[str]:
    """Tags as they are kept: each on one line and once."""
    found = [one_line(tag)[:LONGEST_TAG] for tag in text.split(",")[:1000]]
    return list(dict.fromkeys(tag for tag in found if tag))[:MOST_TAGS]


def _items(torrent: ClientTorrent) -> list[QueueItem]:
    return [part.item for part in torrent.parts.all() if part.item is not None]


def _alone(torrent: ClientTorrent, parts: Sequence[ClientPart]) -> list[int]:
    """The live items that were queued for it and that no other torrent waits for."""
    ids = {part.item_id for part in parts if part.is_own and part.item and part.item.status in QueueItem.LIVE}
    others = ClientPart.objects.filter(item__in=ids).exclude(torrent=torrent)
    return sorted(pk for pk in ids - set(others.values_list("item", flat=True)) if pk)


def _delete_from_library(torrent: ClientTorrent, parts: Sequence[ClientPart]) -> None:
    """Only what came for it, and for no other grab. Nothing queues these episodes by itself any more: the manager has
    them."""
    others = ClientPart.objects.filter(torrent__language=torrent.language).exclude(torrent=torrent.pk)
    mine = {part.episode_id for part in parts if part.is_own}
    episodes = sorted(mine - set(others.filter(episode__in=mine).values_list("episode", flat=True)))
    files = EpisodeFile.objects.filter(episode__in=episodes, language=torrent.language, last_number=None)
    if torrent.series is not None:
        removal.discard_files(torrent.series, files)
    gone = Episode.objects.filter(pk__in=episodes, is_downloaded=False)
    gone.leave_alone(Episode.LeftAlone.REMOVED)
