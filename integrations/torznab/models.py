"""What is known of the catalogues beyond the library: what was looked for there, and the series found by it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.records import Record, RecordQuerySet

LEASE = timedelta(minutes=2)
# What was looked for this long ago is looked for anew, while the answer that is known is given.
FRESH = timedelta(minutes=30)
# After an error rather soon, yet not with each request.
AGAIN = timedelta(minutes=2)
KEPT = timedelta(days=14)
LONGEST_QUERY = 150
# The look-up that asks every catalogue for its newest episodes.
NEWEST = ""


class LookupQuerySet(RecordQuerySet["Lookup"]):
    """Questions about many, and the one way to get hold of the next."""

    def due(self, now: datetime) -> LookupQuerySet:
        """Those asked for since they were last answered, that nobody is at."""
        unanswered = Q(done_at__isnull=True) | Q(done_at__lt=F("asked_at"))
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return self.filter(unanswered & free).order_by("asked_at", "id")

    def claim_next(self) -> Lookup | None:
        """Leases the next one to the caller, or answers None."""
        now = clock.now()
        for row in self.due(now)[:10]:
            values: dict[str, Any] = {"token": secrets.token_hex(16), "lease_until": now + LEASE, "begun_at": now}
            if self.filter(pk=row.pk, token=row.token).update(**values):
                row.token, row.begun_at = values["token"], now
                return row
        return None

    def ask(self, query: str) -> tuple[Lookup, bool]:
        """The row of that query, asked for anew where it is no longer fresh, and whether it was."""
        now = clock.now()
        try:
            row, made = self.get_or_create(query=query, defaults={"asked_at": now})
        except IntegrityError:  # pragma: no cover - two requests made it at this very moment
            row, made = self.get(query=query), False
        if made:
            return row, True
        rest = AGAIN if row.error else FRESH
        stale = Q(done_at__isnull=False, done_at__gte=F("asked_at"), done_at__lte=now - rest)
        return row, bool(self.filter(stale, pk=row.pk).update(asked_at=now))

    def prune(self) -> int:
        """Deletes what nobody has asked for in a long time; answers how many."""
        return self.filter(asked_at__lt=clock.now() - KEPT).delete()[0]


class Lookup(Record):
    """Something to ask the enabled catalogues: a title, or with an empty query what is new there.

    `found` holds [catalogue, key] of each series that has the title, of the newest episodes their whole rows. It is due
    while it was asked for later than answered; `token` and `lease_until` say who is at it.
    """

    query = models.CharField(max_length=LONGEST_QUERY, unique=True, blank=True)
    found: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LookupQuerySet.as_manager()

    class Meta:
        verbose_name = _("look-up of the indexer")
        verbose_name_plural = _("look-ups of the indexer")
        ordering = ["-asked_at", "-id"]
        indexes = [models.Index(fields=["asked_at"], name="lookup_asked")]

    def __str__(self) -> str:
        return self.query or str(_("newest episodes"))

    def ask_again(self) -> None:
        """It is due now, however fresh the answer is."""
        Lookup.objects.filter(pk=self.pk).update(asked_at=clock.now())

    def renew(self) -> bool:
        """Extends the lease; False when somebody else has it by now."""
        mine = Lookup.objects.filter(pk=self.pk, token=self.token)
        return bool(mine.update(lease_until=clock.now() + LEASE))

    def end(self, found: Sequence[Any], error: str = "") -> bool:
        """It is answered; what it found before stays where nothing could be asked."""
        values: dict[str, Any] = {"done_at": clock.now(), "error": error, "token": "", "lease_until": None}
        if found or not error:
            values["found"] = list(found)
        return bool(Lookup.objects.filter(pk=self.pk, token=self.token).update(**values))


class KnownSeries(Record):
    """A series of a catalogue that is not in the library, as it was last read there.

    `episodes` holds [season, number, title, [languages]] of each.
    """

    provider = models.CharField(max_length=64)
    slug = models.CharField(max_length=200)
    name = models.CharField(max_length=500)
    alternative_titles: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    imdb_id = models.CharField(max_length=20, blank=True)
    episodes: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    read_at = models.DateTimeField()

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("found series")
        verbose_name_plural = _("series found for the indexer")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["provider", "slug"], name="known_series_once")]

    def __str__(self) -> str:
        return self.name
