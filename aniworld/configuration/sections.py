"""What an operator may change while it runs: one typed section each, with its default, bounds and help text."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from django.utils.translation import gettext_noop as _
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

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

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and {int, float} & {kind, *get_args(kind)}:
            raise ValueError(_("Write a number."))
        return value


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
    default_ui_language: Literal["auto", "en", "de"] = Field(
        "auto", description=_("For whoever chose none; auto follows the browser.")
    )
    session_timeout_hours: int = Field(
        24, ge=1, le=8760, description=_("How long a login lasts, in a browser and for programs.")
    )
    max_backups: int = Field(10, ge=1, le=1000, description=_("Older ones are deleted as new ones are made."))


class Library(Section):
    """Where and how files are kept."""

    directory: Line = Field("", description=_("An absolute path. Empty: LIBRARY_DIR of the environment."))
    season_folders: bool = Field(True, description=_("Season 01 and so on; off: all files flat in the series' folder."))
    file_template: Line = Field(
        "{series} - S{season:02}E{episode:02} - ({language})",
        min_length=1,
        description=_("May hold {series}, {year}, {season:02}, {episode:02}, {language} and {title}."),
    )
    folder_template: Line = Field("{series} ({year})", min_length=1, description=_("May hold {series} and {year}."))
    watch_folder: bool = Field(False, description=_("Notice changes in the folder at once."))
    max_concurrent_loads: int = Field(
        5, ge=1, le=20, description=_("After they were added: episodes, NFO files, pictures.")
    )
    nfo_enabled: bool = Field(True, description=_("Write NFO files for media servers."))
    images_enabled: bool = Field(True, description=_("Fetch posters and other artwork."))
    undo_days: int = Field(7, ge=0, le=365, description=_("0: not at all."))


class Downloads(Section):
    """How episodes are fetched."""

    max_concurrent_downloads: int = Field(
        2, ge=1, le=64, description=_("Over all workers; there are at most as many as workers.")
    )
    max_retries: int = Field(3, ge=1, le=100, description=_("How often each source is tried before an item fails."))
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
    preferred_quality: Literal["best", "1080p", "720p", "480p", "360p"] = Field(
        "best", description=_("Where a host offers a choice.")
    )
    language_plan: LanguagePlan = LanguagePlan()
    free_space_floor_gb: float = Field(2, ge=0, le=100000, description=_("Gigabytes that always stay free."))
    window_start: TimeOfDay | None = Field(None, description=_("Nothing is downloaded before this time of day."))
    window_end: TimeOfDay | None = Field(
        None, description=_("…nor after this one; what runs then waits with its bytes.")
    )
    on_existing: Literal["keep", "replace", "number"] = Field(
        "keep", description=_("When an episode arrives whose file is in the library.")
    )


class Metadata(Section):
    """Titles, plots and artwork from TMDB."""

    tmdb_api_key: Line = Field("", description=_("Written, never shown again."), json_schema_extra={"secret": True})
    tmdb_language: Line = Field("de-DE", description=_("Such as de-DE or en-US."))
    prefer: Literal["tmdb", "catalogue"] = Field(
        "tmdb", description=_("Whose titles and plots are taken where both have them.")
    )


class Providers(Section):
    """Defaults of what a provider leaves empty, and of its checks."""

    timeout_seconds: int = Field(
        30, ge=1, le=600, description=_("For the beginning of an answer, and between two parts of it.")
    )
    max_retries: int = Field(3, ge=1, le=100, description=_("Before the next host is tried."))
    retry_delay: float = Field(1, ge=0, le=3600, description=_("Seconds, doubled each time."))
    max_concurrent_downloads: int = Field(2, ge=1, le=64, description=_("At the same time from one host."))
    bandwidth_limit_mbps: float | None = Field(
        None, gt=0, le=100000, description=_("All downloads from it together. Empty: no limit of its own.")
    )
    requests_per_minute: int | None = Field(
        None, ge=1, le=100000, description=_("To one provider. Empty: no limit of its own.")
    )
    check_timeout_seconds: int = Field(30, ge=1, le=600, description=_("A provider that takes longer counts as down."))
    check_concurrency: int = Field(5, ge=1, le=50, description=_("More end sooner, fewer are easier on the line."))
    history_days: int = Field(30, ge=1, le=3650, description=_("From which success and speed are told."))
    explore_percent: int = Field(
        5, ge=0, le=50, description=_("Of downloads begin at another host than the best, so that its speed is known.")
    )


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
    library_gone: bool = True
    backup_failed: bool = True
    download_failed: bool = True
    episodes_arrived: bool = True
    integration_failed: bool = True


class Scheduler(Section):
    """What happens by itself, and when."""

    enabled: bool = Field(True, description=_("Off: no lists of new episodes, no checks and no scans by themselves."))
    interval_minutes: int = Field(
        60, ge=1, le=43200, description=_("The first time this long after the start or a change.")
    )
    cron: Line = Field("", description=_("Five fields, such as “30 4 * * *”, in place of the interval."))
    auto_download_after_rescan: bool = Field(
        True,
        description=_("Everything missing of monitored series, old and new. New episodes are queued without it, too."),
    )
    newest_check_minutes: int = Field(
        30, ge=5, le=10080, description=_("Each catalogue's list; only monitored series that it names are read.")
    )


class Logging(Section):
    """Log files."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description=_("In force at once, in every process.")
    )
    keep_days: int = Field(14, ge=1, le=3650, description=_("Older ones are deleted."))
    max_megabytes: int = Field(20, ge=1, le=10000, description=_("Then a new one is begun."))


class Advanced(Section):
    """What is kept, and how long."""

    event_keep_days: int = Field(7, ge=1, le=365, description=_("From which browsers catch up after they were away."))
    event_keep_rows: int = Field(
        100000, ge=1000, le=10000000, description=_("Whichever limit is reached first counts.")
    )
    progress_history: int = Field(50, ge=1, le=10000, description=_("Scans, downloads and the like."))
    backup_schedule: Literal["off", "daily", "weekly"] = Field("daily", description=_("Into DATA_DIR/backups."))
    keep_database_backups: int = Field(7, ge=1, le=365, description=_("Older ones are deleted."))


class Integrations(Section):
    """Other systems that drive this one; each is off until it is switched on."""

    torznab_enabled: bool = Field(
        False, description=_("Sonarr, Prowlarr and the like search here what the catalogues have (Torznab).")
    )
    torznab_only_planned: bool = Field(
        False, description=_("Offer a series only in the languages of its plan. Off: in all that there are.")
    )
    qbittorrent_enabled: bool = Field(
        False, description=_("They have downloads made here, as if it were a qBittorrent.")
    )
    qbittorrent_folder: Line = Field(
        "",
        description=_(
            "Where they find what arrived: an absolute path, best on the library's disk. "
            "Empty: the hidden folder .handover in the library."
        ),
    )
    qbittorrent_seen_as: Line = Field(
        "", description=_("The same folder as the other program sees it, such as /downloads. Empty: the same path.")
    )
    qbittorrent_keep_files: bool = Field(
        True, description=_("Off: once they delete a download with its files, the library's own file goes, too.")
    )


class Settings(Section):
    """All sections."""

    general: General = General()
    library: Library = Library()
    downloads: Downloads = Downloads()
    metadata: Metadata = Metadata()
    providers: Providers = Providers()
    notifications: Notifications = Notifications()
    scheduler: Scheduler = Scheduler()
    integrations: Integrations = Integrations()
    logging: Logging = Logging()
    advanced: Advanced = Advanced()
