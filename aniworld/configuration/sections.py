"""What an operator may change while it runs: one typed section each, with its default, bounds and help text."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from django.utils.translation import gettext_noop as _
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

LANGUAGES = ("German Dub", "German Sub", "English Sub", "English Dub")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(_("Write it on one line, without control characters."))
    return text


def _time_of_day(value: object) -> object:
    if not isinstance(value, str) or not _TIME_OF_DAY.fullmatch(value.strip()):
        raise ValueError(_("Write it like 22:00."))
    return value.strip()


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_one_line)]
TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]


class Section(BaseModel):
    """A group of settings; unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LanguagePlan(Section):
    """Wanted languages in order, whether the next one will do, and whether a better one replaces it later."""

    order: tuple[Literal["German Dub", "German Sub", "English Sub", "English Dub"], ...] = (
        "German Dub",
        "German Sub",
        "English Sub",
    )
    fallback: bool = True
    upgrade: bool = False

    @field_validator("order")
    @classmethod
    def _each_once(cls, order: tuple[str, ...]) -> tuple[str, ...]:
        if not order or len(set(order)) != len(order):
            raise ValueError(_("Name at least one language, and each only once."))
        return order


class General(Section):
    """The site as a whole."""

    site_name: Line = Field("Aniworld", min_length=1, description=_("Shown in the title of every page."))
    default_ui_language: Literal["auto", "en", "de"] = Field("auto", description=_("auto follows the browser."))
    session_timeout_hours: int = Field(24, ge=1, le=8760, description=_("How long a login lasts."))
    max_backups: int = Field(10, ge=1, le=1000, description=_("Configuration backups kept."))


class Library(Section):
    """Where and how files are kept."""

    directory: Line = Field("", description=_("The library folder. Empty: the LIBRARY_DIR of the environment."))
    season_folders: bool = Field(True, description=_("Season 01 and so on; off: all files flat in the series' folder."))
    file_template: Line = Field(
        "{series} - S{season:02}E{episode:02} - ({language})",
        min_length=1,
        description=_("May hold {series}, {year}, {season:02}, {episode:02}, {language} and {title}."),
    )
    folder_template: Line = Field("{series} ({year})", min_length=1, description=_("May hold {series} and {year}."))
    watch_folder: bool = Field(False, description=_("Notice changes in the folder at once."))
    max_concurrent_loads: int = Field(5, ge=1, le=20, description=_("Series loaded at the same time."))
    nfo_enabled: bool = Field(True, description=_("Write NFO files for media servers."))
    images_enabled: bool = Field(True, description=_("Fetch posters and other artwork."))
    undo_days: int = Field(7, ge=0, le=365, description=_("How long a removal can be taken back."))


class Downloads(Section):
    """How episodes are fetched."""

    max_concurrent_downloads: int = Field(
        2, ge=1, le=64, description=_("Downloads at the same time, over all workers.")
    )
    max_retries: int = Field(3, ge=1, le=100, description=_("Rounds over all sources before an item fails."))
    connections_per_download: int = Field(8, ge=1, le=16, description=_("Fewer are easier on a host."))
    bandwidth_limit_mbps: float | None = Field(
        None, gt=0, le=100000, description=_("Megabits per second, all together.")
    )
    timed_limit_mbps: float | None = Field(
        None, gt=0, le=100000, description=_("Megabits per second, instead of the usual limit at certain hours.")
    )
    timed_limit_start: TimeOfDay | None = Field(None, description=_("From this time of day on."))
    timed_limit_end: TimeOfDay | None = Field(None, description=_("…until this one, also over midnight."))
    stall_seconds: int = Field(30, ge=5, le=3600, description=_("No byte for this long counts as a stall."))
    minimum_speed_kbps: int = Field(
        50, ge=0, le=1000000, description=_("Kilobytes per second; slower for too long fails.")
    )
    preferred_quality: Literal["best", "1080p", "720p", "480p", "360p"] = "best"
    language_plan: LanguagePlan = LanguagePlan()
    free_space_floor_gb: float = Field(2, ge=0, le=100000, description=_("Gigabytes that always stay free."))
    window_start: TimeOfDay | None = Field(None, description=_("Nothing is downloaded before this time of day."))
    window_end: TimeOfDay | None = Field(
        None, description=_("…nor after this one; what runs then waits with its bytes.")
    )
    on_existing: Literal["keep", "replace", "number"] = Field("keep", description=_("When the file is there already."))


class Metadata(Section):
    """Titles, plots and artwork from TMDB."""

    tmdb_api_key: Line = Field("", description=_("Written, never shown again."), json_schema_extra={"secret": True})
    tmdb_language: Line = "de-DE"
    prefer: Literal["tmdb", "catalogue"] = "tmdb"


class Providers(Section):
    """Defaults of what a provider leaves empty, and of its checks."""

    timeout_seconds: int = Field(30, ge=1, le=600)
    max_retries: int = Field(3, ge=1, le=100)
    retry_delay: float = Field(1, ge=0, le=3600, description=_("Seconds, doubled each time."))
    max_concurrent_downloads: int = Field(2, ge=1, le=64, description=_("At the same time from one host."))
    bandwidth_limit_mbps: float | None = Field(None, gt=0, le=100000)
    requests_per_minute: int | None = Field(None, ge=1, le=100000)
    check_timeout_seconds: int = Field(30, ge=1, le=600)
    check_concurrency: int = Field(5, ge=1, le=50)
    history_days: int = Field(30, ge=1, le=3650)
    explore_percent: int = Field(5, ge=0, le=50)


class Notifications(Section):
    """Who is told of what. Each kind of alert has a switch of its name."""

    targets: tuple[dict[str, str], ...] = Field(
        (),
        description=_("A label, and an address such as ntfys://ntfy.sh/my-topic, which is never shown again."),
        json_schema_extra={"secret": True},
    )
    digest_minutes: int = Field(
        5, ge=0, le=1440, description=_("Alerts of so many minutes become one message; 0 sends each at once.")
    )
    provider_down: bool = True
    provider_recovered: bool = True
    language_down: bool = True
    disk_low: bool = True
    download_failed: bool = True
    episodes_arrived: bool = True


class Scheduler(Section):
    """What happens by itself, and when."""

    enabled: bool = True
    interval_minutes: int = Field(60, ge=1, le=43200)
    cron: Line = Field("", description=_("Instead of the interval, in five fields."))
    auto_download_after_rescan: bool = True
    newest_check_minutes: int = Field(30, ge=5, le=10080)


class Logging(Section):
    """Log files."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    keep_days: int = Field(14, ge=1, le=3650)
    max_megabytes: int = Field(20, ge=1, le=10000)


class Advanced(Section):
    """What is kept, and how long."""

    event_keep_days: int = Field(7, ge=1, le=365)
    event_keep_rows: int = Field(100000, ge=1000, le=10000000)
    progress_history: int = Field(50, ge=1, le=10000)
    backup_schedule: Literal["off", "daily", "weekly"] = "daily"
    keep_database_backups: int = Field(7, ge=1, le=365)


class Settings(Section):
    """All sections."""

    general: General = General()
    library: Library = Library()
    downloads: Downloads = Downloads()
    metadata: Metadata = Metadata()
    providers: Providers = Providers()
    notifications: Notifications = Notifications()
    scheduler: Scheduler = Scheduler()
    logging: Logging = Logging()
    advanced: Advanced = Advanced()
