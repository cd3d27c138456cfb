"""What a client does to its torrents: stop, start, delete, and so on, each by the verbs of the queue."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from aniworld.accounts.models import User
from aniworld.configuration import store
from downloads import queue, removal
from downloads.models import Priority, QueueItem
from downloads.models.claims import QueueItemQuerySet
from integrations.qbittorrent import grabbing, handing
from integrations.qbittorrent.models import ClientPart, ClientTorrent
from integrations.qbittorrent.models.torrent import ClientTorrentQuerySet
from integrations.releases import HASH, one_line
from library.models import Episode, EpisodeFile

logger = logging.getLogger(__name__)

MOST_TAGS, LONGEST_TAG = 50, 100
# Hashes that are looked for as they are; of more, those that are known.
_MOST_NAMED = 500
# So many are deleted together.
_BATCH = 100


def named(hashes: Collection[str] | None) -> ClientTorrentQuerySet:
    """The torrents of these hashes, or with None all; unknown ones are passed over.

    However long the list is, no more is asked for than there is.
    """
    rows = ClientTorrent.objects.all()
    if hashes is None:
        return rows
    wanted = {one for one in hashes if HASH.fullmatch(one)}
    if len(wanted) > _MOST_NAMED:
        wanted &= set(rows.order_by().values_list("info_hash", flat=True))
    return rows.filter(info_hash__in=wanted)


def stop(torrents: ClientTorrentQuerySet) -> None:
    """Parks what of them is under way."""
    torrents.stop(is_stopped=True)
    live = _items(torrents).live().exclude(pause_reason=QueueItem.PauseReason.USER)
    queue.pause_all(_ids(live))


def start(torrents: ClientTorrentQuerySet) -> None:
    """Goes on with what was stopped, and begins anew with what failed."""
    torrents.stop(is_stopped=False)
    items = _items(torrents)
    queue.resume_all(_ids(items.filter(pause_reason=QueueItem.PauseReason.USER)))
    failed = _ids(items.filter(status=QueueItem.Status.FAILED))
    if failed:
        queue.retry(failed)
    for torrent in torrents.with_cancelled():
        torrent.fail("")
    for torrent in torrents.over():
        if torrent.start_anew():
            grabbing.advance(torrent)


def prioritise(torrents: ClientTorrentQuerySet, priority: Priority) -> None:
    """Before or behind others of the queue."""
    queue.prioritise_all(_ids(_items(torrents).live()), priority)


def delete(torrents: ClientTorrentQuerySet, *, with_files: bool, by: User) -> None:
    """Forgets them, and cancels what they alone had queued; `with_files` takes away what was handed over.

    The library's own files stay, unless the operator wants them to go with it.
    """
    ids = _ids(torrents)
    for first in range(0, len(ids), _BATCH):
        rows = ClientTorrent.objects.filter(pk__in=ids[first : first + _BATCH])
        gone = list(rows.select_related("series").prefetch_related("parts"))
        alone = _alone(gone)
        # What somebody else deletes this very moment is gone either way, and what is done below does no harm twice.
        rows.delete()
        if alone:
            queue.cancel(alone, by=by)
        for torrent in gone:
            if with_files:
                _take_away(torrent)
            logger.info("%s was deleted by %s", torrent.name, by)


def _take_away(torrent: ClientTorrent) -> None:
    parts = list(torrent.parts.all())
    if torrent.place:
        handing.remove(torrent.place, [part.file for part in parts if part.file])
    if torrent.stage == torrent.Stage.READY and not store.current().integrations.qbittorrent_keep_files:
        _delete_from_library(torrent, parts)


def tags_of(text: str) -> list[str]:
    """Tags as they are kept: each on one line and once."""
    found = [one_line(tag)[:LONGEST_TAG] for tag in text.split(",")[:1000]]
    return list(dict.fromkeys(tag for tag in found if tag))[:MOST_TAGS]


def _items(torrents: ClientTorrentQuerySet) -> QueueItemQuerySet:
    """What brings them."""
    parts = ClientPart.objects.filter(torrent__in=torrents.order_by().values("pk"))
    return QueueItem.objects.filter(pk__in=parts.filter(item__isnull=False).values("item"))


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _alone(torrents: Sequence[ClientTorrent]) -> list[int]:
    """The live items that were queued for them and that no other torrent waits for."""
    parts = ClientPart.objects.filter(torrent__in=torrents)
    own = parts.filter(is_own=True, item__status__in=QueueItem.LIVE).values("item")
    others = ClientPart.objects.filter(item=OuterRef("pk")).exclude(torrent__in=torrents)
    return _ids(QueueItem.objects.filter(~Exists(others), pk__in=own))


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
