"""A series: what is known of it, its plan of languages, and whether it is still wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import pydantic
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.configuration import store
from aniworld.configuration.sections import LanguagePlan
from aniworld.live import publish as live
from aniworld.records import RecordQuerySet, compare_and_set
from aniworld.refusals import Conflict, Invalid
from library import naming
from library.models.loading_state import LoadingState
from library.models.monitoring_state import MonitoringState, joined_seasons
from providers.contracts import Language

# Any number that is this program's own; it names the lock that loaders take while they look for a free place.
_CLAIM_LOCK = 7_306_001


def default_language_plan() -> dict[str, Any]:
    """The plan of a series that names none: an empty order follows the configuration, also when that changes."""
    return {"order": [], "fallback": True, "upgrade": False}


def checked_language_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan as it is stored; an empty or absent `order` follows the configuration. Raises `Invalid`."""
    if not plan.get("order"):
        plan = {**plan, "order": LanguagePlan().order}
        return {**checked_language_plan(plan), "order": []}
    try:
        return LanguagePlan.model_validate(dict(plan)).model_dump(mode="json")
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "language_plan"
        raise Invalid(f"{where}: {first['msg']}", "invalid_language_plan") from None


class SeriesQuerySet(RecordQuerySet["Series"]):
    """Questions about many series, and the one way to get hold of the next to load."""

    def live(self) -> SeriesQuerySet:
        """Those not removed."""
        return self.filter(deleted_at__isnull=True)

    def note_pictures(self, several: Iterable[Series]) -> None:
        """Writes which pictures are known of these."""
        self.bulk_update(several, ["pictures"])

    def loadable(self, now: datetime) -> SeriesQuerySet:
        """Those that wait for a loader and whose time has come, or whose loader let its lease run out."""
        waiting = Q(loading_next_try__isnull=True) | Q(loading_next_try__lte=now)
        abandoned = Q(loading_status__in=Series.UNDER_WAY, loading_lease_until__lte=now)
        return self.live().filter(waiting & Q(loading_status=Series.Loading.PENDING) | abandoned)

    def being_loaded(self, now: datetime) -> SeriesQuerySet:
        """Those that a loader holds."""
        return self.live().filter(loading_status__in=Series.UNDER_WAY, loading_lease_until__gt=now)

    def claim_for_loading(self, limit: int) -> Series | None:
        """Leases the next series to the caller, or answers None; at most `limit` are leased over all loaders."""
        with transaction.atomic():
            self._lock_claims()
            now = clock.now()
            if self.being_loaded(now).count() >= limit:
                return None
            for series in self.loadable(now).order_by("created_at", "id")[:20]:
                if series.take_loading(now):
                    return series
        return None

    def wanting_download(self) -> SeriesQuerySet:
        """Loaded ones whose missing episodes shall be queued once, as wished when they were added."""
        return self.live().filter(download_when_loaded=True, episodes_loaded=True)

    def monitored_at(self, provider: str) -> SeriesQuerySet:
        """Those that get new episodes of that catalogue by themselves, once they were loaded from it."""
        return self.live().filter(monitored=True, provider=provider, checked_at__isnull=False)

    def unplanned(self) -> SeriesQuerySet:
        """Monitored ones that may get episodes any time and have no time for their next full check."""
        going_on = self.live().exclude(status=Series.Status.COMPLETED).exclude(provider="")
        return going_on.filter(monitored=True, next_check_at__isnull=True, checked_at__isnull=False)

    def to_check(self, now: datetime) -> SeriesQuerySet:
        """Those whose check is due, and that nobody loads or checks."""
        free = Q(check_lease_until__isnull=True) | Q(check_lease_until__lte=now)
        due = Q(next_check_at__lte=now) | Q(news_at__lte=now)
        settled = self.exclude(loading_status__in=[Series.Loading.PENDING, *Series.UNDER_WAY])
        return settled.live().filter(free & due, monitored=True).exclude(provider="")

    def claim_for_check(self, limit: int) -> Series | None:
        """Leases the next check to the caller, news first, or answers None; at most `limit` over all processes."""
        with transaction.atomic():
            self._lock_claims()
            now = clock.now()
            if self.live().filter(check_lease_until__gt=now).count() >= limit:
                return None
            for series in self.to_check(now).order_by(F("news_at").asc(nulls_last=True), "next_check_at", "id")[:20]:
                if series.take_check(now):
                    return series
        return None

    @staticmethod
    def _lock_claims() -> None:
        # SQLite has one writer at a time anyway.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])


class Series(MonitoringState, LoadingState):
    """A series of the library. Removing it is soft: everything of it stays until it is restored or purged."""

    class Status(models.TextChoices):
        ONGOING = "ongoing", _("ongoing")
        COMPLETED = "completed", _("completed")
        UNKNOWN = "unknown", _("unknown")

    name = models.CharField(max_length=500)
    name_fixed = models.BooleanField(default=False, help_text=_("Named by a person: loading keeps it."))
    provider = models.CharField(max_length=64, blank=True, help_text=_("Name of the catalogue it came from."))
    slug = models.CharField(max_length=200, blank=True, help_text=_("Its key at the catalogue."))
    site = models.CharField(max_length=1000, blank=True, help_text=_("Its address there."))
    folder = models.CharField(max_length=255, help_text=_("Below the library folder."))
    folder_provisional = models.BooleanField(default=False, help_text=_("Renamed once the year is known."))
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.UNKNOWN)
    total_episodes = models.PositiveIntegerField(default=0)
    cover_url = models.CharField(max_length=1000, blank=True)
    alternative_titles = models.JSONField(default=list, blank=True)
    genres = models.JSONField(default=list, blank=True)
    tmdb_id = models.PositiveIntegerField(null=True, blank=True)
    tmdb_refused = models.BooleanField(default=False, help_text=_("A person said that TMDB does not have it."))
    dates_looked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When TMDB was asked for the dates of new episodes.")
    )
    tvdb_id = models.PositiveIntegerField(null=True, blank=True)
    imdb_id = models.CharField(max_length=20, blank=True)
    has_nfo = models.BooleanField(default=False)
    nfo_created_at = models.DateTimeField(null=True, blank=True)
    nfo_updated_at = models.DateTimeField(null=True, blank=True)
    pictures = models.JSONField(
        default=dict, blank=True, editable=False, help_text=_("What was written in its folder: name and digest.")
    )
    monitored = models.BooleanField(default=True)
    language_plan = models.JSONField(default=default_language_plan, blank=True)
    download_when_loaded = models.BooleanField(default=False, help_text=_("Queue all missing episodes once loaded."))

    objects = SeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("series")
        ordering = ["name", "id"]
        verbose_name_plural = pgettext_lazy("several", "series")
        constraints = [
            models.UniqueConstraint(
                fields=["folder"], condition=models.Q(deleted_at__isnull=True), name="series_one_folder"
            ),
            models.UniqueConstraint(
                fields=["provider", "slug"],
                condition=models.Q(deleted_at__isnull=True, slug__gt=""),
                name="series_one_per_slug",
            ),
        ]
        indexes = [
            models.Index(fields=["loading_status", "loading_lease_until"], name="series_loading"),
            models.Index(fields=["name", "id"], condition=models.Q(deleted_at__isnull=True), name="series_list"),
            models.Index(fields=["-created_at"], name="series_newest"),
            models.Index(fields=["next_check_at"], name="series_next_check"),
            models.Index(fields=["news_at"], condition=models.Q(news_at__isnull=False), name="series_news"),
        ]

    def __str__(self) -> str:
        return self.name

    def wanted_languages(self) -> tuple[Language, ...]:
        """Languages to try in this order: of its own plan, else of the configuration; one only without fallback."""
        plan = self.language_plan if isinstance(self.language_plan, dict) else {}
        order, fallback = plan.get("order"), plan.get("fallback", True)
        if not order:
            configured = store.current().downloads.language_plan
            order, fallback = configured.order, configured.fallback
        languages = tuple(language for name in order for language in Language if language.value == name)
        return languages if fallback else languages[:1]

    @property
    def wants_upgrade(self) -> bool:
        """Whether a better language replaces a lesser one. A plan without an order follows the configuration too."""
        plan = self.language_plan if isinstance(self.language_plan, dict) else {}
        follows = not plan.get("order") and store.current().downloads.language_plan.upgrade
        return bool(plan.get("upgrade")) or follows

    def tell_news(self, seasons: Collection[int]) -> None:
        """Its catalogue names something new in these seasons: they are read soon."""
        now = timezone.now()
        with transaction.atomic():
            row = Series.objects.select_for_update().get(pk=self.pk)
            seasons = joined_seasons(row.news_seasons, seasons)
            rows = Series.objects.filter(pk=self.pk)
            rows.update(news_at=now, news_seasons=seasons, updated_at=F("updated_at"))

    def plan_check(self, at: datetime) -> None:
        """Its next full check; does nothing where one is planned."""
        rows = Series.objects.filter(pk=self.pk, next_check_at__isnull=True)
        rows.update(next_check_at=at, updated_at=F("updated_at"))

    def change(
        self,
        *,
        monitored: bool | None = None,
        language_plan: Mapping[str, Any] | None = None,
        folder: str | None = None,
        name: str | None = None,
    ) -> None:
        """Changes what an operator decides; None leaves it as it is. A folder is where files go from now on.

        Raises `Invalid`, and `Conflict` when the folder belongs to another series.
        """
        values: dict[str, Any] = {}
        if monitored is not None:
            values["monitored"] = monitored
        if monitored and not self.monitored:
            # What came while nobody asked for it is no news: the next check, soon, only takes stock.
            values |= {"checked_at": None, "next_check_at": timezone.now()}
        if language_plan is not None:
            values["language_plan"] = checked_language_plan(language_plan)
        if name is not None:
            values |= {"name": checked_name(name), "name_fixed": True}
        with transaction.atomic():
            if folder is not None:
                values |= {"folder": self._checked_folder(folder), "folder_provisional": False}
            self.describe(values)

    def describe(self, values: Mapping[str, Any]) -> None:
        """Writes some of its fields and tells of it."""
        if not values:
            return
        with transaction.atomic():
            if compare_and_set(self, Series.objects.filter(pk=self.pk), values):
                live.publish("series_updated", {"key": self.key, "name": self.name, "changed": sorted(values)})

    def tell_of_files(self, why: str, *folders: str, **facts: Any) -> None:
        """Tells that files of it came, went or changed. `why`: upgrade, rename, delete, scan or merge; `folders` are
        those below the library where that was, its own unless named."""
        data = {"key": self.key, "name": self.name, "changed": ["files"], "why": why}
        live.publish("series_updated", {**data, "folders": list(folders or [self.folder]), **facts})

    def follow_folder(self, folder: str) -> None:
        """Its folder was renamed, and it is that name from now on. A name without a known year stays provisional."""
        provisional = self.year is not None and folder == naming.series_folder(self.name, None)
        self.describe({"folder": folder, "folder_provisional": provisional})

    def remove(self) -> bool:
        """Soft delete: it and its episodes are no longer listed, nothing is lost. False when it was removed before."""
        now = timezone.now()
        with transaction.atomic():
            values = {"deleted_at": now, "loading_token": "", "loading_lease_until": None}
            if self.loading_status in self.UNDER_WAY:
                values["loading_status"] = self.Loading.PENDING
            if not compare_and_set(self, Series.objects.live().filter(pk=self.pk), values):
                return False
            live.publish("series_removed", {"key": self.key, "name": self.name})
            self.cancel_progress()
        return True

    def restore(self) -> bool:
        """Takes a removal back. False when it was not removed. Raises `Conflict` when it was added anew meanwhile."""
        with transaction.atomic():
            live_ones = Series.objects.live()
            if self.slug and live_ones.filter(provider=self.provider, slug=self.slug).exclude(pk=self.pk).exists():
                raise Conflict(gettext("“%s” has been added anew meanwhile.") % self, "already_there")
            # What came while it was not in the library is no news: the next check, soon, only takes stock.
            values: dict[str, Any] = {"deleted_at": None, "checked_at": None, "next_check_at": timezone.now()}
            if live_ones.filter(folder=self.folder).exclude(pk=self.pk).exists():
                values["folder"] = free_folder(self.folder, except_for=self)
            if not compare_and_set(self, Series.objects.filter(pk=self.pk, deleted_at__isnull=False), values):
                return False
            live.publish("series_added", self.added_event())
        return True

    def added_event(self) -> dict[str, Any]:
        """What listeners are told of a new series."""
        return {
            "key": self.key,
            "name": self.name,
            "provider": self.provider,
            "folder": self.folder,
            "loading_status": str(self.loading_status),
        }

    def _checked_folder(self, folder: str) -> str:
        if naming.checked_part(folder) != naming.sanitise(folder):
            suggestion = naming.sanitise(folder)
            raise Invalid(gettext("This is not a safe folder name; “%s” would be.") % suggestion, "invalid_folder")
        if free_folder(folder, except_for=self) != folder:
            raise Conflict(gettext("The folder “%s” belongs to another series.") % folder, "folder_taken")
        return folder


def checked_name(name: str) -> str:
    """A series' name in one line. Raises `Invalid`."""
    line = " ".join(name.split())
    if not line or "\0" in line or len(line) > 500:
        raise Invalid(gettext("A name has 1 to 500 characters."), "invalid_name")
    return line


def free_folder(folder: str, *, except_for: Series | None = None) -> str:
    """`folder`, or the same with a number when it belongs to a series, removed or not, on whatever file system:
    two names that differ in case only are one name there."""
    others = Series.objects.exclude(pk=except_for.pk) if except_for else Series.objects.all()
    taken = {name.casefold() for name in others.values_list("folder", flat=True)}
    wanted, number = folder, 1
    while folder.casefold() in taken:
        number += 1
        folder = naming.numbered_folder(wanted, number)
    return folder
