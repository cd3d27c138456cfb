"""SQLite: a snapshot while others write, its proof, and putting one in place of the database.

`VACUUM INTO` reads one state of the database, however much is written meanwhile. A plain copy of the file loses what is
still in its log, and SQLite's own step-by-step copy begins anew at every write.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.backups import shelf, trial
from aniworld.backups.refusals import BackupFailed, RestoreRefused
from downloads.workfolder import flush

MAGIC = b"SQLite format 3\x00"
# Seconds to wait for a writer that is in the way.
_PATIENCE = 30.0


def database() -> Path:
    """The file of the database in use."""
    return Path(connections["default"].settings_dict["NAME"])


def dump(target: Path) -> dict[str, int]:
    """Writes one state of the database into `target`, checks it, and answers how many rows each table has."""
    source = database()
    log = source.with_name(f"{source.name}-wal")
    shelf.demand_room(source.stat().st_size + (log.stat().st_size if log.exists() else 0))
    try:
        with closing(sqlite3.connect(source, timeout=_PATIENCE, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", [str(target)])
    except sqlite3.Error as error:
        raise BackupFailed(_("The database could not be copied: %s") % error) from None
    return check(target)


def check(path: Path) -> dict[str, int]:
    """The rows of each table of a file that is whole. Raises `BackupFailed`."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_PATIENCE)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
            lost = connection.execute("PRAGMA foreign_key_check").fetchone()
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            names = [name for (name,) in tables if not name.startswith("sqlite_")]
            quoted = {name: '"' + name.replace('"', '""') + '"' for name in names}
            rows = {
                name: connection.execute(f"SELECT count(*) FROM {quoted[name]}").fetchone()[0]  # noqa: S608 - quoted
                for name in names
            }
    except sqlite3.Error as error:
        raise BackupFailed(
            _("%(file)s is no whole database: %(reason)s") % {"file": path.name, "reason": error}
        ) from None
    if found != ["ok"] or lost:
        reason = "; ".join(found) if found != ["ok"] else _("a row refers to one that is not there (%s)") % lost[0]
        raise BackupFailed(_("%(file)s is damaged: %(reason)s") % {"file": path.name, "reason": reason})
    return rows


def prove(backup: shelf.Backup) -> None:
    """Restores it into a file of its own, and looks whether everything is there. Raises `BackupFailed`."""
    shelf.demand_room(backup.size)
    place = shelf.trial_folder()
    try:
        copied = place / "trial.db"
        _copy(backup.path, copied)
        trial.compare(backup, check(copied))
        with _opened(copied) as alias:
            trial.bring_up_to_date(alias)
        check(copied)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def restore(backup: shelf.Backup) -> str:
    """Puts it in place of the database; answers where the former one is kept, "" when there was none.

    Nothing is changed before the new one was proved whole. Raises `BackupFailed`, `RestoreRefused`.
    """
    place = database()
    fresh = place.with_name(f"{place.name}.restoring")
    _remove(fresh)
    try:
        _copy(backup.path, fresh)
        trial.compare(backup, check(fresh))
        with _opened(fresh) as alias:
            trial.bring_up_to_date(alias)
            trial.strip(alias)
        check(fresh)
        flush(fresh)
        connections.close_all()
        return _swap(fresh, place)
    finally:
        _remove(fresh)


def _swap(fresh: Path, place: Path) -> str:
    had_tables = _close_log(place)
    beside = place.with_name(f"{place.name}.before-restore-{timezone.now():%Y%m%dT%H%M%SZ}") if had_tables else None
    if beside:
        try:
            os.link(place, beside)
        except OSError:
            shutil.copy2(place, beside)
        flush(beside)
    for ending in ("-wal", "-shm"):
        left = place.with_name(f"{place.name}{ending}")
        if left.exists():
            # Only of a damaged one: a log must never be applied to another database.
            left.replace(f"{beside or place}.damaged{ending}")
    fresh.replace(place)
    flush(place.parent)
    return str(beside) if beside else ""


def _close_log(place: Path) -> bool:
    """Works off the database's log and removes it, which succeeds only while nobody else has it open.

    Answers whether the database holds anything. Raises `RestoreRefused`.
    """
    if not place.exists() or not place.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(place, timeout=3, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")
            return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) and "busy" not in str(error):
            return True
        text = _("Another program has the database %s open. End it (for example a running download), and try again.")
        raise RestoreRefused(text % place) from None
    except sqlite3.DatabaseError:
        # It is damaged, which is why somebody restores; it is kept as it is.
        return True


@contextmanager
def _opened(path: Path) -> Iterator[str]:
    """The file as a database of Django's. No log stays behind."""
    options: dict[str, Any] = {**settings.DATABASES["default"].get("OPTIONS", {}), "init_command": ""}
    with trial.database({"NAME": str(path), "OPTIONS": options}) as alias:
        yield alias


def _copy(source: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        target.unlink()
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(source, target)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
