"""Torrents as plain rows for lists: with ten thousand of them, instances of the models would take most of the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from integrations.qbittorrent.models import ClientPart
from integrations.qbittorrent.models.torrent import ClientTorrentQuerySet


class ItemRow(NamedTuple):
    """What of a part's queue item says how far it is."""

    status: str
    pause_reason: str
    total_bytes: int | None
    expected_bytes: int | None
    downloaded_bytes: int
    progress_percent: float
    download_speed: int
    error_message: str
    next_attempt_at: datetime | None


class PartRow(NamedTuple):
    """A part with its item."""

    size: int
    item: ItemRow | None


class TorrentRow(NamedTuple):
    """What of a torrent stands in lists."""

    pk: int
    info_hash: str
    name: str
    magnet: str
    category: str
    tags: list[str]
    stage: str
    reason: str
    is_stopped: bool
    expected_bytes: int
    place: str
    created_at: datetime
    completed_at: datetime | None
    moved_at: datetime


_OF_ITEM = [f"item__{name}" for name in ItemRow._fields]


def read(torrents: ClientTorrentQuerySet) -> Iterator[tuple[TorrentRow, list[PartRow]]]:
    """Each with its parts, in the order of the query; two queries however many there are."""
    parts: dict[int, list[PartRow]] = defaultdict(list)
    rows = list(torrents.values_list(*TorrentRow._fields))
    # Of a torrent that came since then there are parts without a row, which nobody asks for.
    wanted = ClientPart.objects.order_by("id")
    if torrents.query.where:
        wanted = wanted.filter(torrent__in=torrents.order_by().values("pk"))
    for torrent, size, item, *facts in wanted.values_list("torrent_id", "size", "item_id", *_OF_ITEM):
        parts[torrent].append(PartRow(size, None if item is None else ItemRow._make(facts)))
    return ((TorrentRow._make(row), parts.get(row[0], [])) for row in rows)
