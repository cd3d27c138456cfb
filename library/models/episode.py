"""An episode as the catalogue lists it, and its files on disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from statistics import median

from django.db import models, transaction
from django.db.models import Q
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

    def found(self, now: datetime) -> int:
        """The catalogue has them newly: they are queued once. What a person took out of the queue stays out; what had
        failed gets another chance."""
        wanted = self.exclude(left_alone=Episode.LeftAlone.REMOVED)
        return wanted.update(found_at=now, left_alone=Episode.LeftAlone.NO)

    def passed_over(self) -> int:
        """Nothing has to be queued for their being new."""
        return self.filter(found_at__isnull=False).update(found_at=None)

    def leave_alone(self, why: str) -> int:
        """Nothing queues them by itself any more, until somebody queues them."""
        return self.update(left_alone=why, found_at=None)

    def taken_up(self) -> int:
        """They are queued: nothing is left to do for who queues by itself, and whatever kept it from that is over."""
        fresh = Q(found_at__isnull=False) | ~Q(left_alone=Episode.LeftAlone.NO)
        return self.filter(fresh).update(found_at=None, left_alone=Episode.LeftAlone.NO)


class Episode(Record):
    """An episode as the catalogue lists it. `languages` maps each one to when it was last seen there (ISO 8601)."""

    class LeftAlone(models.TextChoices):
        NO = "", _("no")
        REMOVED = "removed", _("taken out of the queue")
        FAILED = "failed", _("failed")

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
    found_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("New at the catalogue, and not queued yet.")
    )
    left_alone = models.CharField(
        max_length=16,
        choices=LeftAlone,
        blank=True,
        default=LeftAlone.NO,
        help_text=_("Why nothing queues it by itself; queueing it by hand ends that."),
    )
    special_choice = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Which special the film is, as a person said.")
    )
    special_number = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text=_("Its number in the names of files, where that is another.")
    )

    # Its files and those it shares, where `held_files.attached` put them.
    held: Sequence[EpisodeFile] = ()

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("episode")
        verbose_name_plural = _("episodes")
        ordering = ["series_id", "season", "number"]
        constraints = [
            models.UniqueConstraint(fields=["series", "season", "number"], name="episode_once_in_a_series"),
        ]
        indexes = [
            models.Index(fields=["series", "is_downloaded"], name="episode_missing"),
            models.Index(fields=["found_at"], condition=models.Q(found_at__isnull=False), name="episode_found"),
            models.Index(fields=["aired_on"], name="episode_aired", condition=models.Q(aired_on__isnull=False)),
            models.Index(
                fields=["download_date"], name="episode_arrived", condition=models.Q(download_date__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """S01E05."""
        return f"S{self.season:02d}E{self.number:02d}"

    @property
    def number_in_names(self) -> int:
        """Its number in the names of files: of a film that of the special which it is."""
        return self.number if self.special_number is None else self.special_number

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

    def turn_out(self, language: str, *, guessed: str) -> None:
        """Its file speaks `language`. The catalogue told none, and it was listed in `guessed` for want of another."""
        with transaction.atomic():
            languages = dict(Episode.objects.select_for_update().get(pk=self.pk).languages)
            seen = languages.pop(guessed, None)
            if language == guessed or seen is None:
                return
            self.languages = {str(language): seen} | languages
            Episode.objects.filter(pk=self.pk).update(languages=self.languages)

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
        was_there = self.is_downloaded
        self.is_downloaded = own.exists() or self.shared_files().exists()
        if was_there and not self.is_downloaded:
            # What was said of another language of it says nothing of its being missing.
            Episode.objects.filter(pk=self.pk).taken_up()
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
        verbose_name = _("episode file")
        verbose_name_plural = _("episode files")
        ordering = ["path"]
        indexes = [models.Index(fields=["episode", "language"], name="file_of_episode")]

    def __str__(self) -> str:
        return self.path

    def moved(self, path: str) -> None:
        """It stands under another path now. Raises `IntegrityError` when that belongs to another file."""
        EpisodeFile.objects.filter(pk=self.pk).update(path=path)
        self.path = path
