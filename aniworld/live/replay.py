"""What a client missed, read back from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, Min

from aniworld.live.message import Message, message_of
from aniworld.live.models import Event

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """A piece of the log: the messages behind `after`, complete up to `reached`."""

    messages: list[Message]
    reached: int


def read_missed(after: int, until: int, rooms: Sequence[str]) -> Missed | None:
    """The next events of `rooms` with ids above `after` and at most `until`; None when the log no longer tells them.

    That is so when older rows were pruned, or when `after` was never reached (the log of another database).
    """
    wanted = Event.objects.filter(id__gt=after, id__lte=until, room__in=rooms).order_by("id")
    rows = list(wanted[:CHUNK])
    # Asked afterwards: whatever was pruned while the rows were read is noticed too.
    kept = Event.objects.aggregate(oldest=Min("id"), newest=Max("id"))
    if kept["newest"] is None:
        return Missed([], until) if after == until == 0 else None
    if kept["oldest"] > after + 1 or after > kept["newest"]:
        return None
    reached = rows[-1].id if len(rows) == CHUNK else until
    return Missed([message_of(row) for row in rows], reached)
