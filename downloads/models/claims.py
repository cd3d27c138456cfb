"""Questions about many queue items, and the one way to get hold of the next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, models, transaction

from aniworld import clock
from aniworld.records import RecordQuerySet
from downloads.models import claim_statements
from downloads.models.queue_state import QueueState
from downloads.models.turnstile import turn

if TYPE_CHECKING:
    from downloads.models.queue_item import QueueItem

# A worker that dies this often over one item without a byte gained is killed by the item, not by chance.
MOST_LOST_WORKERS = 10
# How long after its lease an item with bytes on one machine waits for another worker of that machine.
LEFT_TO_ITS_MACHINE = timedelta(seconds=8)
# After a start of the database every living worker has found it again within so many seconds.
RENEWED_BY_THEN = 10.0


class QueueItemQuerySet(RecordQuerySet["QueueItem"]):
    """Questions about many items, and the one way to get hold of the next."""

    def live(self) -> QueueItemQuerySet:
        """Those not over."""
        return self.filter(status__in=self.model.LIVE)

    def rivals_of(self, item: QueueItem) -> QueueItemQuerySet:
        """Others that would bring the same: the episode in that language, or both in whichever the plan gives."""
        same = models.Q(language=item.language)
        if not item.language_fixed:
            same |= models.Q(language_fixed=False)
        return self.filter(same, episode=item.episode_id).exclude(pk=item.pk)

    def listed(self) -> QueueItemQuerySet:
        """Those not cleared away."""
        return self.filter(cleared_at__isnull=True)

    def prioritise(self, priority: int) -> int:
        """Changes the priority of the live ones; answers how many those are."""
        return self.live().update(priority=priority)

    def to_do(self) -> QueueItemQuerySet:
        """Those that a worker is at, or will be: now or later."""
        return self.filter(status__in=[self.model.Status.PENDING, self.model.Status.DOWNLOADING])

    def due(self, now: datetime) -> QueueItemQuerySet:
        """Pending ones whose time has come, in the queue's order."""
        waiting = models.Q(next_attempt_at__isnull=True) | models.Q(next_attempt_at__lte=now)
        return self.filter(waiting, status=self.model.Status.PENDING).order_by("-priority", "position", "id")

    def abandoned(self, now: datetime) -> QueueItemQuerySet:
        """Those whose worker let its lease run out."""
        return self.filter(status=self.model.Status.DOWNLOADING, lease_until__lte=now).order_by("-priority", "id")

    def leased(self, now: datetime) -> QueueItemQuerySet:
        """Those that a worker is at."""
        return self.filter(status=self.model.Status.DOWNLOADING, lease_until__gt=now)

    def claim_next(self, owner: str, *, limit: int, own_limit: int, place: str = "") -> QueueItem | None:
        """Leases the next item to `owner` ("<instance>:<pid>"), or answers None.

        At most `limit` items are leased at once over all workers, `own_limit` of them to the owner's instance.
        The queue's row is locked meanwhile, so that two claimers can't both see the last free place.

        `place` names the owner's work folder, where there are several: what was begun there goes before what was not,
        within its priority, so that as few bytes as possible are fetched again.
        """
        with turn(), transaction.atomic():
            now = clock.now()
            # All other claimers wait for this transaction: it asks for nothing it does not need.
            sight = claim_statements.look(self.model, now)
            owners = [name for name, is_good in sight.leases if is_good]
            own = sum(name.partition(":")[0] == owner.partition(":")[0] for name in owners)
            if not sight.may_start or len(owners) >= limit or own >= own_limit:
                return None
            any_abandoned = len(owners) < len(sight.leases)
            item = self._abandoned_one(now, place) if any_abandoned else None
            item = item or self._begun_first(sight.next, now, place)
            # A turn may have been long in coming, and the lease begins with it.
            return item if item and item.take(owner, clock.now()) else None

    def claim_one(self, pk: int, owner: str) -> QueueItem | None:
        """Leases this very item, whatever else waits; None while it is not due, or the queue does not run."""
        with transaction.atomic():
            if not QueueState.objects.locked().may_start:
                return None
            now = clock.now()
            item = (self.due(now).filter(pk=pk) | self.abandoned(now).filter(pk=pk))._first_unlocked()
            return item if item and item.take(owner, now) else None

    def _abandoned_one(self, now: datetime, place: str) -> QueueItem | None:
        """The first abandoned one. Those that kill every worker are taken out on the way."""
        if _database_was_away():
            return None
        rows = self.abandoned(now)
        if place:
            # Its machine may be there still, and only the worker be gone: that has its bytes.
            elsewhere = models.Q(downloaded_bytes__gt=0) & ~models.Q(work_place__in=["", place])
            rows = rows.exclude(elsewhere & models.Q(lease_until__gt=now - LEFT_TO_ITS_MACHINE))
        while (item := rows._first_unlocked()) and item.lost_workers + 1 >= MOST_LOST_WORKERS:
            if not item.give_up(now):
                return None
        return item

    def _begun_first(self, item: QueueItem | None, now: datetime, place: str) -> QueueItem | None:
        """Instead of `item` one that was begun in the work folder of the claimer, if there is one as urgent."""
        if item is None or not place or item.work_place == place:
            return item
        begun = self.due(now).filter(work_place=place, priority__gte=item.priority, downloaded_bytes__gt=0)
        return begun._first_unlocked() or item

    def _first_unlocked(self) -> QueueItem | None:
        # SQLite has one writer at a time; elsewhere a row that somebody else is changing is passed over.
        rows = self.select_related("series", "episode")
        if connection.features.has_select_for_update_skip_locked:
            return rows.select_for_update(skip_locked=True, of=("self",)).first()
        return rows.first()


def _database_was_away() -> bool:
    """Whether PostgreSQL has just been started: all leases ran out, and their workers renew them any moment."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) < %s", [RENEWED_BY_THEN]
        )
        return bool(cursor.fetchone()[0])
