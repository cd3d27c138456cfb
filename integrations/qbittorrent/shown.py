"""Torrents as qBittorrent's Web API tells them (v2, since 5.0): fields, units and words are its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.qbittorrent import places
from integrations.qbittorrent.models import ClientPart, ClientTorrent
from integrations.qbittorrent.models.torrent import ClientTorrentQuerySet
from integrations.qbittorrent.places import Outside
from integrations.qbittorrent.rows import read
from integrations.qbittorrent.states import AnyPart, AnyTorrent, progress_of, size_of
from library.naming import sanitise

_PIECE = 4 * 1024 * 1024
_FOLLOWS_GLOBAL = -2
_DOWNLOADING = {"downloading", "stalledDL", "metaDL", "queuedDL", "stoppedDL"}
_ACTIVE = {"downloading", "metaDL", "moving", "checkingUP"}
_STOPPED = {"stoppedDL", "stoppedUP"}
# What `filter` may ask for; any other word is all.
FILTERS: dict[str, frozenset[str]] = {
    "downloading": frozenset(_DOWNLOADING),
    "seeding": frozenset(),
    "completed": frozenset(("stoppedUP", "moving")),
    "stopped": frozenset(_STOPPED),
    "paused": frozenset(_STOPPED),
    "active": frozenset(_ACTIVE),
    "stalled": frozenset(("stalledDL",)),
    "stalled_downloading": frozenset(("stalledDL",)),
    "stalled_uploading": frozenset(),
    "checking": frozenset(("checkingUP",)),
    "moving": frozenset(("moving",)),
    "errored": frozenset(("error", "missingFiles")),
}
_NOT = {"running": frozenset(_STOPPED), "resumed": frozenset(_STOPPED), "inactive": frozenset(_ACTIVE)}


# What every torrent says alike. Nothing is shared here, so whatever limit of it is asked for is reached: a manager may
# remove what it has imported.
_ALIKE: dict[str, Any] = {
    "infohash_v2": "",
    "upspeed": 0,
    "download_path": "",
    "ratio": 0,
    "ratio_limit": 0,
    "max_ratio": 0,
    "seeding_time_limit": _FOLLOWS_GLOBAL,
    "max_seeding_time": -1,
    "inactive_seeding_time_limit": _FOLLOWS_GLOBAL,
    "max_inactive_seeding_time": -1,
    "uploaded": 0,
    "uploaded_session": 0,
    "num_seeds": 1,
    "num_complete": 1,
    "num_leechs": 0,
    "num_incomplete": 0,
    "availability": 1.0,
    "dl_limit": 0,
    "up_limit": 0,
    "tracker": "",
    "trackers_count": 0,
    "auto_tmm": False,
    "force_start": False,
    "seq_dl": False,
    "f_l_piece_prio": False,
    "super_seeding": False,
    "private": True,
}


def rows(torrents: ClientTorrentQuerySet) -> list[dict[str, Any]]:
    """Torrents as lists have them."""
    now, outside = timezone.now(), places.outside()
    return [_row(torrent, parts, now, outside) for torrent, parts in read(torrents)]


def _row(torrent: AnyTorrent, parts: Sequence[AnyPart], now: datetime, outside: Outside) -> dict[str, Any]:
    far = progress_of(torrent, parts, now)
    place = torrent.place or places.expected(torrent.category, torrent.name)
    save_path, content_path = outside.path(place.rpartition("/")[0]), outside.path(place)
    return {
        **_ALIKE,
        **_times(torrent, now),
        "hash": torrent.info_hash,
        "infohash_v1": torrent.info_hash,
        "name": torrent.name,
        "magnet_uri": torrent.magnet,
        "size": far.size,
        "total_size": far.size,
        "progress": far.share,
        "dlspeed": far.speed,
        "eta": far.eta,
        "state": far.state,
        "category": torrent.category,
        "tags": ", ".join(torrent.tags),
        "comment": far.reason,
        "save_path": save_path,
        "content_path": content_path,
        "root_path": content_path,
        "amount_left": far.size - far.done,
        "completed": far.done,
        "downloaded": far.done,
        "downloaded_session": far.done,
        "priority": 0 if torrent.completed_at else 1,
    }


def _times(torrent: AnyTorrent, now: datetime) -> dict[str, int]:
    """Moments in seconds since 1970, spans in seconds."""
    completed = torrent.completed_at
    return {
        "added_on": _seconds(torrent.created_at),
        "completion_on": _seconds(completed) if completed else -1,
        "seen_complete": _seconds(completed) if completed else -1,
        "last_activity": _seconds(completed or torrent.moved_at),
        "time_active": round((now - torrent.created_at).total_seconds()),
        "seeding_time": _since(completed, now),
    }


def matches(shown: dict[str, Any], wanted: str) -> bool:
    """Whether the torrent passes the word that `filter` says."""
    if wanted in _NOT:
        return shown["state"] not in _NOT[wanted]
    return wanted not in FILTERS or shown["state"] in FILTERS[wanted]


def properties(torrent: ClientTorrent) -> dict[str, Any]:
    """One torrent as `torrents/properties` has it."""
    found = _row(torrent, list(torrent.parts.all()), timezone.now(), places.outside())
    return {
        "hash": found["hash"],
        "infohash_v1": found["hash"],
        "infohash_v2": "",
        "name": found["name"],
        "save_path": found["save_path"],
        "download_path": "",
        "creation_date": found["added_on"],
        "addition_date": found["added_on"],
        "completion_date": found["completion_on"],
        "last_seen": found["last_activity"],
        "piece_size": _PIECE,
        "pieces_num": -(-found["size"] // _PIECE),
        "pieces_have": found["completed"] // _PIECE,
        "comment": found["comment"],
        "created_by": "Aniworld",
        "total_size": found["size"],
        "total_downloaded": found["completed"],
        "total_downloaded_session": found["completed"],
        "total_uploaded": 0,
        "total_uploaded_session": 0,
        "total_wasted": 0,
        "dl_speed": found["dlspeed"],
        "dl_speed_avg": found["dlspeed"],
        "up_speed": 0,
        "up_speed_avg": 0,
        "dl_limit": -1,
        "up_limit": -1,
        "eta": found["eta"],
        "nb_connections": 0,
        "nb_connections_limit": 0,
        "peers": 0,
        "peers_total": 0,
        "seeds": 1,
        "seeds_total": 1,
        "reannounce": 0,
        "share_ratio": 0,
        "seeding_time": found["seeding_time"],
        "time_elapsed": found["time_active"],
        "is_private": True,
        "private": True,
    }


def files(torrent: ClientTorrent) -> list[dict[str, Any]]:
    """What it consists of; nothing before that is known."""
    parts = list(torrent.parts.all())
    return [_file(torrent, part, index, len(parts)) for index, part in enumerate(parts)]


def category(name: str) -> dict[str, str]:
    """A category with the folder of its downloads."""
    return {"name": name, "savePath": places.seen(places.of_category(name))}


def _file(torrent: ClientTorrent, part: ClientPart, index: int, count: int) -> dict[str, Any]:
    size, done = size_of(torrent, part, count)
    folder = torrent.place.rpartition("/")[2] or sanitise(torrent.name)
    return {
        "index": index,
        "name": f"{folder}/{part.file or f'{sanitise(part.title)}.mp4'}",
        "size": size,
        "progress": 1.0 if torrent.stage == torrent.Stage.READY else (done / size if size else 0.0),
        "priority": 1,
        "is_seed": torrent.stage == torrent.Stage.READY,
        "piece_range": [0, max(0, -(-size // _PIECE) - 1)],
        "availability": 1.0,
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _since(moment: datetime | None, now: datetime) -> int:
    return max(0, int((now - moment).total_seconds())) if moment else 0
