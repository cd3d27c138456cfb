"""Follows the event log for whoever must miss nothing: from a position in the database, so that each event is handed
over at least once, whatever is killed or restarted, and by one process of several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from django.db import InterfaceError, OperationalError, transaction

from aniworld.live.models import Event, LogReader
from aniworld.live.tail import BATCH, Tail, newest_id, tail_from

logger = logging.getLogger(__name__)

# Of so many batches at most in one look; the next one goes on.
_MOST_BATCHES = 20


def begin(name: str) -> None:
    """Events from now on are for `name`. To be called in the transaction of what makes somebody want them."""
    LogReader.objects.update_or_create(name=name, defaults={"position": newest_id()})


class Following:
    """One reader in one process, which looks now and then. Belongs to one thread and its database connection."""

    def __init__(self, name: str, types: Collection[str], handle: Callable[[Event], object]) -> None:
        """`handle` gets each event of `types`, in a transaction in which the position moves on: what it writes there is
        written once. It must ask no network, and publish nothing."""
        self._name, self._types, self._handle = name, frozenset(types), handle
        self._tail: Tail | None = None

    def look(self) -> int:
        """Hands over what is new, and answers how many events that was. One or two cheap queries when nothing is."""
        handed = 0
        for _batch in range(_MOST_BATCHES):
            known = LogReader.objects.filter(pk=self._name).values_list("position", flat=True).first()
            if known is None or known >= newest_id():
                break
            count, is_last = self._step()
            handed += count
            if is_last:
                break
        return handed

    def _step(self) -> tuple[int, bool]:
        with transaction.atomic():
            # Whoever else looks at the same moment passes over; what was handed over before is seen under the lock.
            reader = LogReader.objects.select_for_update(skip_locked=True).filter(pk=self._name).first()
            if reader is None:
                return 0, True
            tail = self._tail_at(reader.position)
            rows = tail.rows()
            wanted = [row for row in rows if row.type in self._types]
            for event in wanted:
                self._hand_over(event)
            if rows:
                reader.position = tail.position
                reader.save()
        return len(wanted), len(rows) < BATCH

    def _tail_at(self, position: int) -> Tail:
        """The one of before, which may be waiting at a gap; a new one where another process or a rollback moved on."""
        if self._tail is None or self._tail.position != position:
            self._tail = tail_from(position)
        return self._tail

    def _hand_over(self, event: Event) -> None:
        """One that can't be dealt with keeps nobody else's; a database that fails keeps it for the next look."""
        try:
            with transaction.atomic():
                self._handle(event)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("%s could not deal with event %d (%s)", self._name, event.pk, event.type)
