"""What a manager takes for a torrent: a release that it grabbed, and how far that is beyond the queue."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.accounts.models import User
from aniworld.records import Record, RecordQuerySet, compare_and_set
from downloads.models import QueueItem
from integrations.releases import Release
from library.models import Episode, Series
from providers.contracts import Language

# A handover is links as a rule; of a copy to another disk each part of it renews this.
LEASE = timedelta(minutes=2)
AGAIN = timedelta(minutes=1)
PAUSE = timedelta(seconds=3)
_FREE: dict[str, Any] = {"token": "", "lease_until": None}


class ClientTorrentQuerySet(RecordQuerySet["ClientTorrent"]):
    """Questions about many, and the one way to get hold of the next to hand over."""

    def under_way(self) -> ClientTorrentQuerySet:
        """Those that time moves on."""
        stages = ClientTorrent.Stage
        return self.filter(stage__in=[stages.RESOLVING, stages.QUEUED, stages.ARRIVED])

    def to_resolve(self, now: datetime) -> ClientTorrentQuerySet:
        """Those that wait for their series and that nobody is at, the longest unseen first."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        rows = self.filter(free, stage=ClientTorrent.Stage.RESOLVING)
        return rows.order_by(F("lease_until").asc(nulls_first=True), "id")

    def coming(self) -> ClientTorrentQuerySet:
        """Those of which something is being downloaded."""
        busy = ClientPart.objects.filter(torrent=OuterRef("pk"), item__status=QueueItem.Status.DOWNLOADING)
        return self.filter(Exists(busy), stage=ClientTorrent.Stage.QUEUED)

    def come(self) -> ClientTorrentQuerySet:
        """Those of which nothing is still to come: also without parts, when their series was purged."""
        left = ClientPart.objects.filter(torrent=OuterRef("pk"), item__isnull=False)
        left = left.exclude(item__status=QueueItem.Status.COMPLETED)
        return self.filter(~Exists(left), stage=ClientTorrent.Stage.QUEUED)

    def to_hand_over(self, now: datetime) -> ClientTorrentQuerySet:
        """Those that arrived, or whose handover was given up by whoever was at it."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return self.filter(free, stage=ClientTorrent.Stage.ARRIVED).order_by("id")

    def with_items(self, *more: str) -> ClientTorrentQuerySet:
        """With their parts and those parts' items, and `more` of each item, in one query for all.

        A prefetch of the items themselves names each by itself, and SQLite takes no more than a thousand of such.
        """
        parts = ClientPart.objects.select_related("item", *(f"item__{name}" for name in more))
        return self.prefetch_related(Prefetch("parts", parts))

    def with_cancelled(self) -> ClientTorrentQuerySet:
        """Those of which somebody took something out of the queue."""
        gone = ClientPart.objects.filter(torrent=OuterRef("pk"), item__status=QueueItem.Status.CANCELLED)
        return self.filter(Exists(gone)).exclude(stage=ClientTorrent.Stage.READY)

    def over(self) -> ClientTorrentQuerySet:
        """Those that begin anew when they are started."""
        return self.filter(stage__in=[ClientTorrent.Stage.FAILED, ClientTorrent.Stage.MISSING])

    def sort_into(self, category: str) -> int:
        """Another category; what was handed over stays where it is."""
        return self.update(category=category)

    def stop(self, *, is_stopped: bool) -> int:
        """Whether they shall wait."""
        return self.exclude(is_stopped=is_stopped).update(is_stopped=is_stopped)

    def tag(self, changed: Callable[[list[str]], list[str]]) -> int:
        """Gives each the tags that `changed` makes of its own; answers how many have others now."""
        rows = [(row, changed(row.tags)) for row in self.order_by("pk").only("tags")]
        other = [(row, tags) for row, tags in rows if tags != row.tags]
        for row, tags in other:
            row.tags = tags
        return self.model.objects.bulk_update([row for row, _tags in other], ["tags"], batch_size=200)

    def claim_next(self) -> ClientTorrent | None:
        """Leases the next one to hand over to the caller, or answers None."""
        return next((row for row in self.to_hand_over(clock.now())[:10] if row.hold()), None)


class ClientTorrent(Record):
    """A release that was grabbed.

    resolving → queued → arrived → ready; resolving, queued → failed; ready → missing; failed, missing → resolving
    (started again). While it is queued, its parts' queue items say how far it is; `token` and `lease_until` say who
    hands it over once all of them arrived. `place` is its folder there, below the folder for what is handed over.
    """

    class Stage(models.TextChoices):
        RESOLVING = "resolving", _("waits for its episodes")
        QUEUED = "queued", _("in the queue")
        ARRIVED = "arrived", _("is handed over")
        READY = "ready", _("handed over")
        FAILED = "failed", _("failed")
        MISSING = "missing", _("its files are gone")

    info_hash = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=300)
    magnet = models.TextField(editable=False)
    provider = models.CharField(max_length=64)
    slug = models.CharField(max_length=200)
    season = models.PositiveIntegerField()
    number = models.PositiveIntegerField(null=True, blank=True, help_text=_("Of its episode; none for a whole season."))
    language = models.CharField(max_length=32)
    category = models.CharField(max_length=100, blank=True)
    tags: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.RESOLVING)
    reason = models.TextField(blank=True)
    is_stopped = models.BooleanField(default=False, help_text=_("Asked not to begin."))
    expected_bytes = models.BigIntegerField(default=0)
    series = models.ForeignKey(Series, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    place = models.CharField(max_length=700, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    # For telling a stall from a short pause between two hosts.
    seen_bytes = models.BigIntegerField(default=0, editable=False)
    moved_at = models.DateTimeField(default=timezone.now, editable=False)
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ClientTorrentQuerySet.as_manager()

    class Meta:
        verbose_name = _("torrent of the download client")
        verbose_name_plural = _("torrents of the download client")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["stage"], name="torrent_stage")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def take(
        cls, release: Release, *, category: str, tags: Sequence[str], is_stopped: bool, size: int, by: User
    ) -> tuple[ClientTorrent, bool]:
        """The torrent of a release, and whether it is new."""
        values = {
            "name": release.title[:300],
            "magnet": release.magnet(size),
            "provider": release.provider,
            "slug": release.key,
            "season": release.season,
            "number": release.episode,
            "language": release.language.value,
            "category": category,
            "tags": list(tags),
            "is_stopped": is_stopped,
            "expected_bytes": size,
            "added_by": by,
        }
        return cls.objects.get_or_create(info_hash=release.info_hash, defaults=values)

    @property
    def spoken(self) -> Language:
        """The language it was grabbed in."""
        return Language(self.language)

    def belongs_to(self, series: Series) -> None:
        """Notes which series of the library it is of."""
        self._write(ClientTorrent.objects.filter(pk=self.pk), series=series)

    def hold(self) -> bool:
        """Leases it to the caller in the stage it is in; False when somebody else has it, or it went on."""
        now, token = clock.now(), secrets.token_hex(16)
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        rows = ClientTorrent.objects.filter(free, pk=self.pk, stage=self.stage)
        return self._write(rows, token=token, lease_until=now + LEASE)

    # What who holds it does. Each names the token, and answers whether it was still its own.

    def begin(self, parts: Sequence[ClientPart]) -> bool:
        """resolving → queued, with the episodes it consists of."""
        with transaction.atomic():
            values: dict[str, Any] = {"stage": self.Stage.QUEUED, "reason": "", "moved_at": clock.now()}
            if not self._write(self._mine(), **values, **_FREE):
                return False
            ClientPart.objects.filter(torrent=self).delete()
            ClientPart.objects.bulk_create(parts)
        return True

    def wait(self, why: str) -> bool:
        """It goes on resolving, and is looked at again in a few seconds."""
        return self._write(self._mine(), reason=why[:2000], token="", lease_until=clock.now() + PAUSE)

    def renew(self) -> bool:
        """Extends the lease; False when it was deleted, or is somebody else's."""
        return bool(self._mine().update(lease_until=clock.now() + LEASE))

    def settle_at(self, place: str) -> bool:
        """Its folder is known, before anything is in it: whoever deletes it meanwhile knows what to remove."""
        return self._write(self._mine(), place=place)

    def ready(self, files: Sequence[tuple[ClientPart, str, int]]) -> bool:
        """arrived → ready: each part has its file there. False when it was deleted meanwhile."""
        with transaction.atomic():
            values: dict[str, Any] = {"stage": self.Stage.READY, "completed_at": clock.now(), "reason": ""}
            if not self._write(self._mine(), **values, **_FREE):
                return False
            for part, file, size in files:
                ClientPart.objects.filter(pk=part.pk).update(file=file, size=size)
        return True

    def put_off(self, why: str) -> None:
        """It can't be handed over now; again in a minute."""
        self._write(self._mine(), reason=why[:2000], token="", lease_until=clock.now() + AGAIN)

    # What time and calls do.

    def arrive(self) -> bool:
        """queued → arrived: all of it is in the library, and waits for being handed over."""
        mine = ClientTorrent.objects.filter(pk=self.pk, stage=self.Stage.QUEUED)
        return self._write(mine, stage=self.Stage.ARRIVED, **_FREE)

    def fail(self, why: str) -> bool:
        """→ failed, unless it is ready."""
        mine = ClientTorrent.objects.filter(pk=self.pk).exclude(stage=self.Stage.READY)
        return self._write(mine, stage=self.Stage.FAILED, reason=why[:2000], **_FREE)

    def start_anew(self, *, is_stopped: bool = False) -> bool:
        """failed, missing → resolving."""
        over = ClientTorrent.objects.filter(pk=self.pk, stage__in=[self.Stage.FAILED, self.Stage.MISSING])
        fresh: dict[str, Any] = {"completed_at": None, "place": "", "is_stopped": is_stopped}
        fresh["moved_at"] = clock.now()
        return self._write(over, stage=self.Stage.RESOLVING, reason="", **fresh, **_FREE)

    def lose(self) -> bool:
        """ready → missing."""
        return self._write(ClientTorrent.objects.filter(pk=self.pk, stage=self.Stage.READY), stage=self.Stage.MISSING)

    def move(self, seen: int) -> None:
        """Notes that bytes came."""
        self._write(ClientTorrent.objects.filter(pk=self.pk), seen_bytes=seen, moved_at=clock.now())

    def _mine(self) -> ClientTorrentQuerySet:
        return ClientTorrent.objects.filter(pk=self.pk, token=self.token, stage=self.stage).exclude(token="")

    def _write(self, rows: ClientTorrentQuerySet, **values: Any) -> bool:
        return compare_and_set(self, rows, values)


class ClientPart(Record):
    """An episode of a torrent. `item` brings it, unless it was in the library before; `is_own`: it was queued for it.

    `file` is its name in the torrent's folder once it was handed over, `size` in bytes.
    """

    torrent = models.ForeignKey(ClientTorrent, on_delete=models.CASCADE, related_name="parts")
    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(QueueItem, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    is_own = models.BooleanField(default=False)
    title = models.CharField(max_length=300)
    file = models.CharField(max_length=300, blank=True)
    size = models.BigIntegerField(default=0)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of a torrent")
        verbose_name_plural = _("parts of a torrent")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["torrent", "episode"], name="part_once_in_a_torrent")]

    def __str__(self) -> str:
        return self.title
