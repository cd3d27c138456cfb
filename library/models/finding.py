"""What a scan found that a person should know of, until it is put right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet, compare_and_set
from library.models.series import Series

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan has to say of one path. `detail` is a sentence for a person."""

    kind: str
    path: str
    detail: str = ""
    series_id: int | None = None


class FindingQuerySet(RecordQuerySet["Finding"]):
    """Questions about findings, and the one way to write many."""

    def open(self) -> FindingQuerySet:
        """Those that still hold."""
        return self.filter(resolved_at__isnull=True)

    def waiting(self) -> FindingQuerySet:
        """Those that a person should look at."""
        return self.open().filter(ignored=False)

    def below(self, folders: Iterable[str]) -> FindingQuerySet:
        """Those of these folders of the library, or of something in them."""
        of = models.Q()
        for folder in folders:
            of |= models.Q(path=folder) | models.Q(path__startswith=f"{folder}/")
        return self.filter(of) if of else self.none()

    def unmatched(self, now: datetime) -> FindingQuerySet:
        """Adopted series for which the catalogues have to be asked."""
        due = models.Q(look_again_at__isnull=True) | models.Q(look_again_at__lte=now)
        return self.waiting().filter(due, kind=Finding.Kind.UNMATCHED, looked_at__isnull=True)

    def write(self, found: Iterable[Found]) -> None:
        """Writes down what was found: a new finding, or one that was known and is seen again."""
        now = timezone.now()
        rows = {(one.kind, one.path): one for one in found}
        made = [
            Finding(
                kind=one.kind, path=one.path, detail=one.detail, series_id=one.series_id, last_seen=now, first_seen=now
            )
            for one in rows.values()
        ]
        self.bulk_create(
            made,
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=["kind", "path"],
            update_fields=["detail", "series", "last_seen", "resolved_at", "updated_at"],
        )

    def resolve(self, paths: Sequence[str], *kinds: str) -> int:
        """These do not hold any more."""
        now, count = timezone.now(), 0
        for start in range(0, len(paths), _BATCH):
            some = self.open().filter(kind__in=kinds, path__in=paths[start : start + _BATCH])
            count += some.update(resolved_at=now)
        return count


class Finding(Record):
    """Something about a path below the library. It stays until a later scan does not find it any more."""

    class Kind(models.TextChoices):
        UNMATCHED = "unmatched", _("series without a catalogue")
        UNKNOWN_FOLDER = "unknown_folder", _("folder not understood")
        UNKNOWN_EPISODE = "unknown_episode", _("episode that the catalogue does not list")
        NOT_UNDERSTOOD = "not_understood", _("file not understood")
        NO_VIDEO = "no_video", _("no video in spite of its name")
        DUPLICATE = "duplicate", _("episode there twice")
        UNREADABLE = "unreadable", _("not readable")
        VANISHED_SERIES = "vanished_series", _("series without its folder")

    kind = models.CharField(max_length=20, choices=Kind)
    path = models.CharField(max_length=1000, help_text=_("Below the library folder."))
    series = models.ForeignKey(Series, on_delete=models.CASCADE, null=True, blank=True, related_name="findings")
    detail = models.TextField(blank=True)
    candidates = models.JSONField(default=list, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True, help_text=_("When the catalogues were asked."))
    look_again_at = models.DateTimeField(null=True, blank=True, editable=False)
    ignored = models.BooleanField(default=False, help_text=_("A person said to ignore it."))
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["-first_seen", "-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "path"], name="finding_once")]
        indexes = [models.Index(fields=["resolved_at", "kind"], name="finding_open")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.path}"

    def settle(self) -> None:
        """It does not hold any more."""
        self._write(resolved_at=timezone.now())

    def ignore(self, *, ignored: bool = True) -> None:
        """A person says to leave it as it is, or not to any more."""
        self._write(ignored=ignored)

    def reserve(self, now: datetime, until: datetime) -> bool:
        """Takes on the asking of the catalogues; whoever else looks before `until` leaves it alone."""
        with transaction.atomic():
            return Finding.objects.unmatched(now).filter(pk=self.pk).update(look_again_at=until) > 0

    def offer(self, candidates: Sequence[Mapping[str, Any]]) -> None:
        """The catalogues have answered: what it may be, best first."""
        self._write(candidates=[dict(one) for one in candidates], looked_at=timezone.now(), look_again_at=None)

    def look_again(self) -> None:
        """Has the catalogues asked anew."""
        self._write(looked_at=None, look_again_at=None, resolved_at=None, ignored=False)

    def _write(self, **values: Any) -> None:
        compare_and_set(self, Finding.objects.filter(pk=self.pk), values)
