"""Which events of one room a connection is owed, so that a resume loses none and repeats none. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Membership:
    """Owed are the ids above `since`, without those from above `sent_from` to `sent_to`, which went out already."""

    since: int
    sent_from: int = 0
    sent_to: int = 0

    def owed(self, id_: int) -> bool:
        """Whether the event still has to go to this connection; to be asked in id order."""
        return id_ > self.since and not self.sent_from < id_ <= self.sent_to

    def resume(self, after: int, delivered: int | None) -> None:
        """The client has seen everything up to `after` and wants the rest.

        `delivered` is the id up to which this connection got what it was owed; None when nothing was sent yet, so
        that the client's word alone counts. An `after` ahead of us comes from another process that was faster.
        """
        if delivered is None:
            self.since = after
            return
        self.sent_from, self.sent_to = self.since, max(delivered, after)
        self.since = min(self.since, after)
