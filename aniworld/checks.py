"""What can be wrong with an installation, and what helps: for `/health`, `doctor`, dashboard and Django's checks."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld import __version__
from aniworld.configuration import store
from aniworld.supervisor.models import Cluster
from library.root import LibraryUnavailable, configured_root, library_root
from providers.models import Provider, ProviderStatus

GIGABYTE = 1000**3
HEARTBEAT_LIMIT = timedelta(seconds=45)
# Rows of an `up` that died with its machine say nothing about those that run.
FORGOTTEN_AFTER = timedelta(hours=1)
WAL_RESET_FIXED = (3, 51, 3)
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs", "ncpfs")

# Of information nothing has to follow.
Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `remedy` says what helps when it is not `ok`."""

    name: str
    ok: bool
    message: str = ""
    remedy: str = ""
    severity: Severity = "error"


def database() -> Check:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        remedy = _("Start the database server, and see that DATABASE_URL names it.")
        return Check("database", False, _("The database does not answer."), remedy)
    return Check("database", True, _("The database answers."))


def cluster_ages(now: datetime) -> list[tuple[Cluster, timedelta]]:
    """Each cluster that counts, and how long ago it last proved that it works."""
    rows = Cluster.objects.alias(seen=Coalesce("heartbeat_at", "started_at")).filter(seen__gt=now - FORGOTTEN_AFTER)
    return [(row, now - (row.heartbeat_at or row.started_at)) for row in rows]


def workers() -> Check:
    """Whether every cluster of workers did something lately."""
    ages = cluster_ages(timezone.now())
    if not ages:
        return Check("workers", False, _("No workers run."), _("Start them: manage.py up, or with --workers-only."))
    silent = [f"{row.name} ({int(age.total_seconds())} s)" for row, age in ages if age > HEARTBEAT_LIMIT]
    if silent:
        remedy = _("They are started again by themselves; if this stays, restart the program and read error.log.")
        return Check("workers", False, _("No sign of work from: %s") % ", ".join(silent), remedy)
    return Check("workers", True, _("%d groups of workers work.") % len(ages))


def _is_writable(folder: Path) -> str:
    """Why `folder` can't be written, or "" when it can: tried, because rights alone do not tell."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def download_directory() -> Check:
    """Whether the work folder of downloads can be written."""
    reason = _is_writable(Path(settings.WORK_DIR))
    if reason:
        remedy = _("Give the user of this program the right to write %s, or check its disk.") % settings.WORK_DIR
        return Check("download_directory", False, _("The work folder can't be written: %s") % reason, remedy)
    return Check("download_directory", True, _("The work folder can be written."))


def library_folder() -> Check:
    """Whether the library folder is there and can be written."""
    try:
        library_root()
    except LibraryUnavailable as error:
        return Check("library", False, str(error), _("Choose another folder in the settings, or mount its disk."))
    return Check("library", True, _("The library folder can be written."))


def disk_free() -> int:
    """Bytes free where downloads are written, of the two file systems the fuller one."""
    places = [Path(settings.WORK_DIR), configured_root()]
    return min(shutil.disk_usage(place).free for place in places if place.exists())


def free_space() -> Check:
    """Whether there is more room than the configured floor."""
    floor = store.current().downloads.free_space_floor_gb
    try:
        free = disk_free() / GIGABYTE
    except (OSError, ValueError):
        return Check("free_space", False, _("The free space can't be read."), _("Check the disk of the folders."))
    if free < floor:
        message = _("%(free).1f GB are free, less than the floor of %(floor)g GB.") % {"free": free, "floor": floor}
        return Check("free_space", False, message, _("Make room, or lower the floor in the settings."))
    return Check("free_space", True, _("%.1f GB are free.") % free)


def sqlite_version() -> Check:
    """Whether SQLite is one without the WAL-reset bug."""
    found = ".".join(map(str, sqlite3.sqlite_version_info))
    if not settings.EMBEDDED or sqlite3.sqlite_version_info >= WAL_RESET_FIXED:
        return Check("sqlite", True, _("SQLite %s.") % found)
    message = _("SQLite %s can, very rarely, damage its file in a crash; 3.51.3 and newer can't.") % found
    remedy = _("Keep a backup of the database, or use PostgreSQL (DATABASE_URL): README.md says how.")
    return Check("sqlite", False, message, remedy, "information")


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/mounts; "" when it is not told."""
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[1].encode().decode("unicode_escape") if len(fields) > 2 else ""
        if point and path.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, fields[2])
    return best[1]


def database_file_system() -> Check:
    """Whether SQLite's file is on a local disk."""
    local = Check("database_disk", True, _("The database is on a local disk."))
    if not settings.EMBEDDED:
        return local
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return local
    found = file_system_of(Path(settings.DATABASES["default"]["NAME"]).resolve(), mounts)
    if not found.startswith(NETWORK_FILE_SYSTEMS):
        return local
    message = _("The database is on a network file system (%s), where SQLite loses data.") % found
    return Check("database_disk", False, message, _("Put DATA_DIR on a local disk, or use PostgreSQL."), "warning")


def folders() -> Check:
    """Whether the program may write its own folders."""
    own = (settings.DATA_DIR, settings.BACKUP_DIR, settings.LOG_DIR, settings.RUN_DIR)
    found = [f"{folder}: {reason}" for folder in own if (reason := _is_writable(Path(folder)))]
    if found:
        remedy = _("Give the user of this program the right to write them.")
        return Check("folders", False, _("Folders that can't be written: %s") % "; ".join(found), remedy)
    return Check("folders", True, _("All folders can be written."))


def environment_file() -> Check:
    """Whether the file .env holds only names that mean something."""
    if settings.UNKNOWN_VARIABLES:
        message = _("The file .env sets what nothing reads: %s.") % ", ".join(settings.UNKNOWN_VARIABLES)
        return Check("environment_file", False, message, _("README.md lists the names."), "warning")
    return Check("environment_file", True, _("The file .env sets nothing unknown."))


def time_zone() -> Check:
    """Whether TZ names a time zone."""
    try:
        zoneinfo.ZoneInfo(settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        message = _("TZ=%s is no time zone.") % settings.TIME_ZONE
        return Check("time_zone", False, message, _("Set TZ to a name such as Europe/Berlin."))
    return Check("time_zone", True, _("Times are shown in %s.") % settings.TIME_ZONE)


def https() -> Check:
    """Whether somebody can come by HTTPS at all: TLS is the matter of a proxy, and only a trusted one is believed."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return Check("https", True, _("HTTPS is on.") if settings.HTTPS else _("HTTPS is off."))
    message = _("HTTPS is on, but TRUSTED_PROXIES names no proxy: every page would be redirected for ever.")
    return Check("https", False, message, _("Set TRUSTED_PROXIES to the address of the reverse proxy."), "warning")


def providers() -> Check:
    """Whether an enabled provider of each kind can be used."""
    enabled = Provider.objects.filter(enabled=True)
    missing = [kind.label for kind in Provider.Kind if not enabled.filter(kind=kind).exists()]
    if missing:
        message = _("Nothing is enabled of: %s") % ", ".join(map(str, missing))
        return Check("providers", False, message, _("Enable one on the page Providers."), "warning")
    bad = [ProviderStatus.Status.DOWN, ProviderStatus.Status.BLOCKED]
    names = list(enabled.filter(status_record__status__in=bad).values_list("display_name", flat=True)[:20])
    if names:
        remedy = _("Look at the error on the page Providers; others are tried meanwhile.")
        return Check("providers", False, _("Down or blocked: %s") % ", ".join(names), remedy, "warning")
    return Check("providers", True, _("All enabled providers can be used."))


IN_HEALTH: tuple[Callable[[], Check], ...] = (workers, download_directory, free_space)
STATIC: dict[str, Callable[[], Check]] = {
    "aniworld.W001": sqlite_version,
    "aniworld.W002": database_file_system,
    "aniworld.W004": environment_file,
    "aniworld.W003": https,
    "aniworld.E001": folders,
    "aniworld.E002": time_zone,
}
OF_INSTALLATION: tuple[Callable[[], Check], ...] = (*IN_HEALTH, library_folder, providers, *STATIC.values())


def _guarded(look: Callable[[], Check]) -> Check:
    try:
        return look()
    except DatabaseError:
        message = _("Not known, because the database does not answer.")
        return Check(look.__name__, False, message, _("See the check of the database."))


def run(looks: tuple[Callable[[], Check], ...] = OF_INSTALLATION) -> Iterator[Check]:
    """The database first, then `looks`, each failing for itself."""
    yield database()
    for look in looks:
        yield _guarded(look)


def health() -> dict[str, Any]:
    """What `/health` answers: open to anybody, so without paths and names."""
    found = list(run(IN_HEALTH))
    healthy = all(check.ok for check in found)
    checks = {check.name: {"status": "ok" if check.ok else "failed", "message": check.message} for check in found}
    return {"status": "healthy" if healthy else "unhealthy", "version": __version__, "checks": checks}
