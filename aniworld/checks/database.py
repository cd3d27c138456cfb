"""The database: that it answers, is whole, where it belongs, and of this version."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.checks.check import Check, fine, note, warning

WAL_RESET_FIXED = (3, 51, 3)
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs", "ncpfs")
CLOCKS_APART = timedelta(seconds=5)
LARGE_LOG = 1000**3


def answers() -> Check:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        remedy = _("Start the database server, and see that DATABASE_URL names it.")
        return Check("database", False, _("The database does not answer."), remedy)
    return fine("database", _("The database answers."))


def is_set_up() -> bool:
    """Whether the program was ever started on this database. Raises `DatabaseError`."""
    return MigrationRecorder(connection).has_table()


def not_set_up() -> Check:
    """What there is to say about a database without tables."""
    message = _("Nothing is set up in %s yet.") % settings.DATA_DIR
    remedy = _("Start the program there once (manage.py up), or name its folder in DATA_DIR. The rest is known then.")
    return Check("setup", False, message, remedy)


def sqlite_version() -> Check:
    """Whether SQLite is one without the WAL-reset bug."""
    found = ".".join(map(str, sqlite3.sqlite_version_info))
    if not settings.EMBEDDED or sqlite3.sqlite_version_info >= WAL_RESET_FIXED:
        return fine("sqlite", _("SQLite %s.") % found)
    message = _("SQLite %s can, very rarely, damage its file in a crash; 3.51.3 and newer can't.") % found
    return note(
        "sqlite", message, _("Keep the daily backups on, or use PostgreSQL (DATABASE_URL): README.md says how.")
    )


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/mounts; "" when it is not told."""
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[1].encode().decode("unicode_escape") if len(fields) > 2 else ""
        if point and path.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, fields[2])
    return best[1]


def file_system() -> Check:
    """Whether SQLite's file is on a local disk."""
    local = fine("database_disk", _("The database is on a local disk."))
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
    return warning("database_disk", message, _("Put DATA_DIR on a local disk, or use PostgreSQL."))


def journal() -> Check:
    """Whether SQLite writes ahead, which many processes at once need, and gets its log worked off."""
    if connection.vendor != "sqlite":
        return fine("database_journal", _("PostgreSQL keeps its own log."))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
    if mode != "wal":
        message = _("The database's journal mode is “%s” instead of “wal”: processes will wait for each other.") % mode
        return Check(
            "database_journal", False, message, _("Move DATA_DIR to a local disk that can do it, and restart.")
        )
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    if log.exists() and log.stat().st_size > LARGE_LOG:
        message = _("The database's log %(log)s has grown to %(size).1f GB.")
        facts = {"log": log, "size": log.stat().st_size / LARGE_LOG}
        return warning("database_journal", message % facts, _("Restart the program: something reads without an end."))
    return fine("database_journal", _("The database writes ahead."))


def integrity() -> Check:
    """Whether SQLite finds its file whole; for PostgreSQL, whether its own counters tell of damage."""
    try:
        found = _damage()
    except DatabaseError as error:
        # Damage can be such that not even the search for it ends well.
        found = [str(error)]
    if found:
        remedy = _("Stop the program, keep a copy of the database, and restore the newest backup (manage.py restore).")
        return Check("integrity", False, _("The database is damaged: %s") % "; ".join(found), remedy)
    return fine("integrity", _("The database is whole."))


def _damage() -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA quick_check(5)")
            return [row[0] for row in cursor.fetchall() if row[0] != "ok"]
        cursor.execute("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()")
        failures = cursor.fetchone()[0]
    return [_("%d pages with a wrong checksum") % failures] if failures else []


def clock() -> Check:
    """Whether this machine and the database agree on the time: leases and heartbeats are compared across machines."""
    with connection.cursor() as cursor:
        now = "strftime('%%s', 'now')" if connection.vendor == "sqlite" else "extract(epoch from clock_timestamp())"
        cursor.execute(f"SELECT {now}", [])  # one of two fixed expressions
        there = datetime.fromtimestamp(float(cursor.fetchone()[0]), UTC)
    apart = abs(timezone.now() - there)
    if apart > CLOCKS_APART:
        message = _("The clocks of this machine and the database are %d s apart.") % apart.total_seconds()
        return Check("clock", False, message, _("Let both machines set their clocks by NTP."))
    return fine("clock", _("This machine and the database agree on the time."))
