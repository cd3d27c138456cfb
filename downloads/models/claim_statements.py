"""What a claim asks, by three short statements that go out together.

All claimers wait for each other's transaction, and putting statements together takes Django longer than everything else
in it. So these are written out. They say what `QueueState.objects.locked()` and the query sets `leased`, `abandoned`
and `due` say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from aniworld import statements
from aniworld.statements import Loader
from downloads.models.queue_state import QueueState
from library.models import Episode, Series

if TYPE_CHECKING:
    from downloads.models.queue_item import QueueItem

# A claim that a crash of the server takes back costs nothing: the item is pending, and each later write of its worker
# names a token that no row has. So PostgreSQL answers before a claim is on its disk, which every other claimer would
# wait for. SQLite does not wait for the disk at a commit either.
# Its plans are kept while the queue may grow from three items to 100,000: they go by indexes from the start, although
# three rows are read and sorted sooner.
_SWITCHES = {
    "sqlite": "SELECT is_running AND NOT is_paused FROM {switches} WHERE id = 1",
    "postgresql": "SELECT is_running AND NOT is_paused, set_config('synchronous_commit', 'off', true), "
    "set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true) "
    "FROM {switches} WHERE id = 1 FOR UPDATE",
}
_LEASES = "SELECT owner, lease_until > %s FROM {items} WHERE status = 'downloading'"
_NEXT = """
    SELECT {columns} FROM (
        SELECT * FROM {items} WHERE status = 'pending' AND (next_attempt_at IS NULL OR next_attempt_at <= %s)
        ORDER BY priority DESC, position, id LIMIT 1 {lock}
    ) AS item JOIN {series} AS series ON series.id = item.series_id JOIN {episodes} AS episode
    ON episode.id = item.episode_id
"""

# Whether this process has seen the queue's row.
_is_there = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What a claimer sees once it is its turn: the switches, who has an item, and the item that is next."""

    may_start: bool
    # Of each item that somebody has: whose it is, and whether the lease is still good.
    leases: list[tuple[str, bool]]
    next: QueueItem | None


def look(model: type[QueueItem], now: datetime) -> Sight:
    """Locks the queue's row until the transaction ends, as `QueueState.objects.locked`, and looks around.

    The next item is the first of the due ones in the queue's order, with its series and episode. Elsewhere than on
    SQLite, which has one writer, it is locked, and passed over while somebody else changes it.
    """
    _make_switches()
    statement, load = _next(model, connection.vendor)
    moment = connection.ops.adapt_datetimefield_value(now)
    switches, leases, found = statements.rows_of(
        (_SWITCHES[connection.vendor].format(switches=QueueState._meta.db_table), []),
        (_LEASES.format(items=model._meta.db_table), [moment]),
        (statement, [moment]),
    )
    may_start = bool(switches[0][0]) if switches else QueueState.objects.locked().may_start
    return Sight(may_start, [(owner, bool(is_good)) for owner, is_good in leases], load(found[0]) if found else None)


def _make_switches() -> None:
    """Where there is no row yet, nobody would wait for anybody. It stays: who queues an item makes it first as well."""
    global _is_there
    if not _is_there:
        QueueState.objects.locked()
        _is_there = True


@cache
def _next(model: type[QueueItem], vendor: str) -> tuple[str, Callable[[Sequence[Any]], QueueItem]]:
    """The statement, and what makes an item of its row: the same for every claim of a process."""
    items = Loader(model, 0)
    series = Loader(Series, items.end)
    episodes = Loader(Episode, series.end)
    parts = {"item": items.columns, "series": series.columns, "episode": episodes.columns}
    statement = _NEXT.format(
        columns=", ".join(f"{part}.{column}" for part, columns in parts.items() for column in columns),
        items=model._meta.db_table,
        series=Series._meta.db_table,
        episodes=Episode._meta.db_table,
        lock="" if vendor == "sqlite" else "FOR UPDATE SKIP LOCKED",
    )

    def load(row: Sequence[Any]) -> QueueItem:
        item = items.load(row)
        item.series, item.episode = series.load(row), episodes.load(row)
        return item

    return statement, load
