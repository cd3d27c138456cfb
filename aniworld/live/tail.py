"""Reads the event log as it grows, in the order of ids and without gaps, on SQLite and on PostgreSQL."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from django.db import connection
from django.db.models import Max

from aniworld import commits
from aniworld.live.message import Message, message_of
from aniworld.live.models import Event

BATCH = 100
_SECONDS_TO_SETTLE = 5.0


class Tail(ABC):
    """A position in the log, and what has come behind it since. Belongs to one thread and its database connection."""

    def __init__(self, position: int | None = None) -> None:
        """Behind `position`, which some tail has reached before; without one at the log's present end."""
        self.position = newest_id() if position is None else position

    @property
    def unsettled(self) -> bool:
        """Whether an id is awaited, so that the next look should come soon."""
        return False

    @abstractmethod
    def rows(self) -> list[Event]:
        """Up to `BATCH` new events in id order; none of them is ever answered twice, none left out."""

    def read(self) -> list[Message]:
        """The same as what clients are sent."""
        return [message_of(row) for row in self.rows()]

    def reconnected(self) -> None:  # noqa: B027 - nothing to do is the right thing for most
        """To be called when the thread has got a new database connection."""

    def _rows(self) -> list[Event]:
        return list(Event.objects.filter(id__gt=self.position).order_by("id")[:BATCH])


class SerialTail(Tail):
    """Writers are serialised (IMMEDIATE), so ids become visible in their order and a missing one was pruned."""

    def rows(self) -> list[Event]:
        """Whatever there is behind the position."""
        rows = self._rows()
        if rows:
            self.position = rows[-1].id
        return rows


class SqliteTail(SerialTail):
    """The same for a connection that only reads, where it is nearly free to find out that there is nothing."""

    def __init__(self) -> None:
        # The version first: what is committed between the two looks is then found by the next one.
        self._version = commits.version()
        super().__init__()
        self._more = False

    def rows(self) -> list[Event]:
        """Asks for rows only when some other connection has committed."""
        version = commits.version()
        if version == self._version and not self._more:
            return []
        rows = super().rows()
        self._version, self._more = version, len(rows) == BATCH
        return rows

    def reconnected(self) -> None:
        """The version only means something on the connection that told it."""
        self._version = -1


class PostgresTail(Tail):
    """Holds back what lies behind a gap until it is certain that nobody can fill the gap any more.

    An id is taken from the sequence when the row is inserted, but seen when its transaction commits: 8 may be visible
    while 7 is not yet. Handing out 8 and moving on would lose 7; waiting "long enough" would be a guess. So:

    - Whoever inserts into the log holds a ROW EXCLUSIVE lock on the table from before it takes the id until after
      its rows are visible. (The lock is taken when the statement is planned; at the end of a transaction it leaves
      the list of running ones first and gives its locks back afterwards.)
    - 8 is visible and 7 is not: 7 was taken before 8, so whoever has it holds that lock now, or has already ended.
    - The holders are noted *after* the gap was seen. Once none of these very transactions is left, every id up to 8
      is either visible to the next query or was rolled back (or pruned), and the gap may be passed.

    Transactions that start later get higher ids, so they never prolong the wait; neither do writers of other tables
    or databases, as comparing transaction snapshots would have it.
    """

    def __init__(self, position: int | None = None) -> None:
        super().__init__(position)
        # Ids up to `_settled` are certain; those up to `_limit` will be once the holders are gone.
        self._settled = self.position
        self._limit: int | None = None
        self._holders = _writers()
        if position is None:
            self._settle_start()

    @property
    def unsettled(self) -> bool:
        """Whether a gap is waited for."""
        return self._limit is not None

    def rows(self) -> list[Event]:
        """The contiguous ids behind the position, and those behind a gap once it is settled."""
        if self._limit is not None and not self._holders & _writers():
            self._settled, self._limit = self._limit, None
        # Read only after the holders were found gone: now their rows are visible.
        rows = self._rows()
        ready = self._up_to_gap(rows)
        if self._limit is not None and self.position >= self._limit:
            self._limit = None
        if len(ready) < len(rows) and self._limit is None:
            self._limit, self._holders = rows[-1].id, _writers()
        return ready

    def _up_to_gap(self, rows: list[Event]) -> list[Event]:
        for index, row in enumerate(rows):
            if row.id > max(self._settled, self.position + 1):
                return rows[:index]
            self.position = row.id
        return rows

    def _settle_start(self) -> None:
        """Waits for whoever may hold an id below the position, so that everything up to it is in the log for all."""
        deadline = time.monotonic() + _SECONDS_TO_SETTLE
        while self._holders & _writers():
            if time.monotonic() > deadline:
                raise TimeoutError("a transaction has kept the event log open for too long")
            time.sleep(0.01)


def open_tail() -> Tail:
    """A tail at the log's present end, for the database in use."""
    return PostgresTail() if connection.vendor == "postgresql" else SqliteTail()


def tail_from(position: int) -> Tail:
    """A tail behind a position that a former one has reached; it also finds what its own connection writes."""
    return PostgresTail(position) if connection.vendor == "postgresql" else SerialTail(position)


def newest_id() -> int:
    """The highest visible id; 0 for an empty log."""
    return Event.objects.aggregate(newest=Max("id"))["newest"] or 0


def _writers() -> frozenset[str]:
    """The transactions that have written to the log, or are about to, and have not ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'"
            " AND relation = %s::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [Event._meta.db_table],
        )
        return frozenset(row[0] for row in cursor.fetchall())
