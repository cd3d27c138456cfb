"""An episode as the catalogue lists it, and its files on disk."""

from __future__ import annotations

from pathlib import PurePosixPath
from statistics import median

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet
from library.models.series import Series

# Episodes in one file, at most.
MOST_IN_A_FILE = 32


class EpisodeQuerySet(RecordQuerySet["Episode"]):
    """Questions about many episodes."""

    def missing(self) -> EpisodeQuerySet:
        """Those of live series without a file."""
        return self.filter(is_downloaded=False, series__deleted_at__isnull=True)


class Episode(Record):
    """An episode as the catalogue lists it. `languages` maps each one to when it was last seen there (ISO 8601)."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="episodes")
    season = models.PositiveIntegerField(help_text=_("0 holds specials and films."))
    number = models.PositiveIntegerField()
    link = models.CharField(max_length=1000, blank=True)
    title = models.CharField(max_length=500, blank=True)
    title_alt = models.CharField(max_length=500, blank=True)
    plot = models.TextField(blank=True)
    tmdb_id = models.PositiveIntegerField(null=True, blank=True, help_text=_("TMDB's number of the episode."))
    aired_on = models.DateField(null=True, blank=True)
    runtime_seconds = models.PositiveIntegerField(null=True, blank=True)
    languages = models.JSONField(default=dict, blank=True)
    is_downloaded = models.BooleanField(default=False)
    download_date = models.DateTimeField(null=True, blank=True)

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        ordering = ["series_id", "season", "number"]
        constraints = [
            models.UniqueConstraint(fields=["series", "season", "number"], name="episode_once_in_a_series"),
        ]
        indexes = [models.Index(fields=["series", "is_downloaded"], name="episode_missing")]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """S01E05."""
        return f"S{self.season:02d}E{self.number:02d}"

    def record_file(
        self,
        language: str,
        path: PurePosixPath | str,
        *,
        size: int,
        duration: float | None,
        mtime: float,
        quality: str = "",
    ) -> EpisodeFile:
        """Writes down a whole file that stands in the library, and that the episode is therefore downloaded.

        `path` is relative to the library, `size` in bytes, `duration` in seconds. May be repeated; a path that
        belonged to another episode changes hands.
        """
        with transaction.atomic():
            before = EpisodeFile.objects.filter(path=str(path)).exclude(episode=self).first()
            file, _created = EpisodeFile.objects.update_or_create(
                path=str(path),
                defaults={
                    "episode": self,
                    "language": str(language),
                    "size": size,
                    "duration_seconds": duration,
                    "mtime": mtime,
                    "quality": quality,
                },
            )
            self.settle_files()
            if before is not None:
                before.episode.settle_files()
        return file

    def season_median_seconds(self) -> float | None:
        """What the season's other episodes take, as far as their files tell; None with fewer than three."""
        files = EpisodeFile.objects.filter(
            episode__series=self.series_id, episode__season=self.season, duration_seconds__gt=0
        ).exclude(episode=self.pk)
        durations = [seconds for seconds in files.values_list("duration_seconds", flat=True) if seconds]
        return median(durations) if len(durations) >= 3 else None

    def settle_files(self) -> None:
        """Makes `is_downloaded` and `download_date` tell whether it has a file now; also of those behind it, which
        may have shared one with it."""
        self._settle()
        behind = range(self.number + 1, self.number + MOST_IN_A_FILE)
        alone = Episode.objects.filter(series=self.series_id, season=self.season, number__in=behind, files=None)
        for episode in alone.filter(is_downloaded=True):
            episode._settle()

    def shared_files(self) -> models.QuerySet[EpisodeFile]:
        """Files of episodes before it that hold this one as well."""
        before = range(max(0, self.number - MOST_IN_A_FILE), self.number)
        return EpisodeFile.objects.filter(
            episode__series=self.series_id,
            episode__season=self.season,
            episode__number__in=before,
            last_number__gte=self.number,
        )

    def _settle(self) -> None:
        own = EpisodeFile.objects.filter(episode=self)
        self.is_downloaded = own.exists() or self.shared_files().exists()
        self.download_date = (self.download_date or timezone.now()) if self.is_downloaded else None
        self.save(update_fields=["is_downloaded", "download_date", "updated_at"])


class EpisodeFile(Record):
    """A whole file of an episode in one language. `path` is relative to the library folder, with `/`."""

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="files")
    language = models.CharField(max_length=32)
    path = models.CharField(max_length=1000, unique=True)
    size = models.BigIntegerField()
    duration_seconds = models.FloatField(null=True, blank=True)
    mtime = models.FloatField(help_text=_("Seconds since 1970, as the file system has it."))
    last_number = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Of the last episode in it, where it holds several.")
    )
    quality = models.CharField(max_length=16, blank=True, help_text=_("Height of the picture, as in 1080p."))

    class Meta:
        ordering = ["path"]
        indexes = [models.Index(fields=["episode", "language"], name="file_of_episode")]

    def __str__(self) -> str:
        return self.path

    def moved(self, path: str) -> None:
        """It stands under another path now. Raises `IntegrityError` when that belongs to another file."""
        EpisodeFile.objects.filter(pk=self.pk).update(path=path)
        self.path = path
