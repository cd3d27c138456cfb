"""How far a torrent is, in the words and numbers of a torrent client, from the queue items of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from downloads.models import QueueItem
from integrations.qbittorrent.models import ClientPart, ClientTorrent
from integrations.qbittorrent.rows import ItemRow, PartRow, TorrentRow

AnyTorrent = ClientTorrent | TorrentRow
AnyPart = ClientPart | PartRow
AnyItem = QueueItem | ItemRow

UNKNOWN_ETA = 8_640_000
# Without a byte for so long it is told as stalled: managers warn of that, and a change of host is no reason to.
STALLED_AFTER = timedelta(minutes=2)
# Complete is what was handed over, and nothing else.
_ALMOST = 0.999
_Status = QueueItem.Status
_Reason = QueueItem.PauseReason
_BEYOND_QUEUE: dict[str, str] = {ClientTorrent.Stage.FAILED: "error", ClientTorrent.Stage.ARRIVED: "moving"}


@dataclass(frozen=True, slots=True)
class Progress:
    """Sizes in bytes, `speed` in bytes a second, `eta` in seconds; `reason` says in words what keeps it."""

    state: str
    size: int
    done: int
    share: float
    speed: int = 0
    eta: int = UNKNOWN_ETA
    reason: str = ""


def progress_of(torrent: AnyTorrent, parts: Sequence[AnyPart], now: datetime) -> Progress:
    """Needs the parts with their items."""
    if torrent.stage == ClientTorrent.Stage.READY:
        size = sum(part.size for part in parts)
        return Progress("stoppedUP", size, size, 1.0, eta=0)
    if torrent.stage == ClientTorrent.Stage.MISSING:
        size = sum(part.size for part in parts)
        return Progress("missingFiles", size, 0, 0.0, reason=_("Its files are neither there nor in the library."))
    size, done = _bytes(torrent, parts)
    share = min(_ALMOST, done / size) if size else 0.0
    if torrent.stage == ClientTorrent.Stage.QUEUED:
        return _of_items(torrent, [part.item for part in parts], now, Progress("", size, done, share))
    state = _BEYOND_QUEUE.get(torrent.stage) or ("stoppedDL" if torrent.is_stopped else "metaDL")
    return Progress(state, size, done, share, reason=torrent.reason)


def size_of(torrent: AnyTorrent, part: AnyPart, count: int) -> tuple[int, int]:
    """Bytes of one part in all, as far as they are known, and those that are there."""
    guess = torrent.expected_bytes // max(1, count)
    item = part.item
    if part.size:
        return part.size, part.size
    if item is None:
        return guess, guess
    total = item.total_bytes or item.expected_bytes or guess or item.downloaded_bytes
    if item.status == _Status.COMPLETED:
        return total, total
    # A total that grows with the download is no measure: the item knows its share better.
    done = max(item.downloaded_bytes, 0) if item.total_bytes else round(total * item.progress_percent / 100)
    return total, min(total, done)


def _bytes(torrent: AnyTorrent, parts: Sequence[AnyPart]) -> tuple[int, int]:
    sizes = [size_of(torrent, part, len(parts)) for part in parts]
    return sum(total for total, _done in sizes) or torrent.expected_bytes, sum(done for _total, done in sizes)


def _of_items(torrent: AnyTorrent, found: Sequence[AnyItem | None], now: datetime, so_far: Progress) -> Progress:
    items = [item for item in found if item is not None and item.status != _Status.COMPLETED]
    live = [item for item in items if item.status in QueueItem.LIVE]
    size, done, share = so_far.size, so_far.done, so_far.share
    if not items:
        return Progress("moving", size, done, share)
    if not live:
        return Progress("error", size, done, share, reason=_why(items))
    busy = [item for item in live if item.status == _Status.DOWNLOADING]
    is_stalled = now - torrent.moved_at > STALLED_AFTER
    if busy:
        speed = sum(item.download_speed for item in busy)
        eta = (size - done) // speed if speed else UNKNOWN_ETA
        return Progress(_busy(busy, speed, is_stalled=is_stalled), size, done, share, speed, eta, _said(busy))
    return Progress(_waiting(live, is_stalled=is_stalled), size, done, share, reason=_said(live))


def _busy(items: Sequence[AnyItem], speed: int, *, is_stalled: bool) -> str:
    if all(item.progress_percent >= 100 or _is_whole(item) for item in items):
        return "checkingUP"
    return "stalledDL" if is_stalled and not speed else "downloading"


def _is_whole(item: AnyItem) -> bool:
    return bool(item.total_bytes) and item.downloaded_bytes >= (item.total_bytes or 0)


def _waiting(items: Sequence[AnyItem], *, is_stalled: bool) -> str:
    """None is being downloaded now: why not?"""
    reasons = {item.pause_reason for item in items if item.status == _Status.PAUSED}
    if reasons == {_Reason.USER} and all(item.status == _Status.PAUSED for item in items):
        return "stoppedDL"
    if reasons & {_Reason.BLOCKED, _Reason.DISK, _Reason.LIBRARY}:
        return "stalledDL"
    between = any(item.status == _Status.PENDING and item.next_attempt_at for item in items)
    return "stalledDL" if between and is_stalled else "queuedDL"


def _why(items: Sequence[AnyItem]) -> str:
    cancelled = _("Somebody took it out of the queue.")
    return "; ".join(dict.fromkeys(item.error_message or cancelled for item in items))[:2000]


def _said(items: Sequence[AnyItem]) -> str:
    return "; ".join(dict.fromkeys(item.error_message for item in items if item.error_message))[:2000]
