"""Episodes as TMDB lists them, whether or not the catalogue has them: dates of what is to come, titles of specials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet
from library.models.episode import Episode
from library.models.series import Series

_BATCH = 200


class AnnouncedEpisodeQuerySet(RecordQuerySet["AnnouncedEpisode"]):
    """Questions about many announced episodes, and the one way to write them."""

    def take_over(self, series: Series, season: int, listed: Mapping[int, Mapping[str, Any]]) -> None:
        """Makes a season what TMDB says now: by number its `title`, `aired_on` and `tmdb_id`."""
        with transaction.atomic():
            self.filter(series=series, season=season).exclude(number__in=list(listed)).delete()
            self.bulk_create(
                [
                    AnnouncedEpisode(series=series, season=season, number=number, **values)
                    for number, values in listed.items()
                ],
                batch_size=_BATCH,
                update_conflicts=True,
                unique_fields=["series", "season", "number"],
                update_fields=["title", "aired_on", "tmdb_id", "updated_at"],
            )

    def forget(self, series: Series, *, except_for: Iterable[int] = ()) -> None:
        """What a former match said, or seasons that TMDB does not list any more."""
        self.filter(series=series).exclude(season__in=list(except_for)).delete()

    def unlisted(self, start: date, end: date) -> AnnouncedEpisodeQuerySet:
        """Those of these days, both included, that the catalogue of a live series does not list; specials are left out,
        since their numbers are others there."""
        listed = Episode.objects.filter(
            series=models.OuterRef("series"), season=models.OuterRef("season"), number=models.OuterRef("number")
        )
        of_live = self.filter(series__deleted_at__isnull=True, aired_on__range=(start, end), season__gt=0)
        return of_live.filter(~models.Exists(listed))


class AnnouncedEpisode(Record):
    """An episode that TMDB lists. It is no `Episode`: nothing is missing because somebody announced it."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="announced")
    season = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=500, blank=True)
    aired_on = models.DateField(null=True, blank=True)
    tmdb_id = models.PositiveIntegerField(null=True, blank=True)

    objects = AnnouncedEpisodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("announced episode")
        verbose_name_plural = _("announced episodes")
        ordering = ["series_id", "season", "number"]
        constraints = [models.UniqueConstraint(fields=["series", "season", "number"], name="announced_once")]
        indexes = [models.Index(fields=["aired_on"], name="announced_on")]

    def __str__(self) -> str:
        return f"S{self.season:02d}E{self.number:02d}"
