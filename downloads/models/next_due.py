"""The next item that is due, by one short statement.

All claimers wait for each other's transaction, and putting together the statement that loads an item with its series
and episode takes Django longer than everything else in it. So this one is written out, and loads of the two what the
events of a claim tell; their other fields would each be asked for when they are read.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from library.models import Episode, Series

if TYPE_CHECKING:
    from downloads.models.queue_item import QueueItem

_OF_SERIES, _OF_EPISODE = ("id", "key", "name", "folder"), ("id", "season", "number")
_NEXT = """
    SELECT item.*, {columns} FROM (
        SELECT * FROM {items} WHERE status = 'pending' AND (next_attempt_at IS NULL OR next_attempt_at <= %s)
        ORDER BY priority DESC, position, id LIMIT 1 {lock}
    ) AS item JOIN {series} AS series ON series.id = item.series_id JOIN {episodes} AS episode
    ON episode.id = item.episode_id
"""


def next_due(model: type[QueueItem], now: datetime) -> QueueItem | None:
    """The first of the due items in the queue's order. Elsewhere than on SQLite, which has one writer, it is locked,
    and passed over while somebody else changes it.
    """
    columns = [f"series.{name} AS series__{name}" for name in _OF_SERIES]
    columns += [f"episode.{name} AS episode__{name}" for name in _OF_EPISODE]
    statement = _NEXT.format(
        columns=", ".join(columns),
        items=model._meta.db_table,
        series=Series._meta.db_table,
        episodes=Episode._meta.db_table,
        lock="FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else "",
    )
    moment = connection.ops.adapt_datetimefield_value(now)
    item = next(iter(model.objects.raw(statement, [moment])), None)
    if item is None:
        return None
    using = str(item._state.db)
    item.series = Series.from_db(using, _OF_SERIES, [getattr(item, f"series__{name}") for name in _OF_SERIES])
    item.episode = Episode.from_db(using, _OF_EPISODE, [getattr(item, f"episode__{name}") for name in _OF_EPISODE])
    return item
