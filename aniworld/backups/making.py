"""Making a backup, proving it, and putting one back: the same for both databases."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from aniworld import __version__, audit
from aniworld.backups import postgresql, shelf, sqlite
from aniworld.backups.refusals import BackupFailed, RestoreRefused
from aniworld.configuration import store
from aniworld.supervisor import instance, marking
from aniworld.supervisor.models import Machine

logger = logging.getLogger(__name__)


def make(*, reason: str = "", verify: bool = False) -> shelf.Backup:
    """A backup of the database as it is now; `verify` also proves it. The oldest over the configured number go.

    Raises `BackupFailed`. One that was made and could not be proved stays, and says so.
    """
    engine, kind = (sqlite, "sqlite") if settings.EMBEDDED else (postgresql, "postgresql")
    with shelf.alone():
        partial = shelf.begin(kind)
        try:
            rows = engine.dump(partial)
            backup = shelf.finish(partial, reason=reason, version=__version__, rows=rows)
        except OSError as error:
            raise BackupFailed(_("The backup could not be written: %s") % (error.strerror or error)) from None
        finally:
            partial.unlink(missing_ok=True)
        if verify:
            backup = _proved(backup)
        shelf.rotate(store.current().advanced.keep_database_backups)
    logger.info("The backup %s of %d bytes was made%s", backup.name, backup.size, " and proved" if verify else "")
    return backup


def prove(backup: shelf.Backup) -> shelf.Backup:
    """Restores it for a trial, and notes how that went. Raises `BackupFailed`, also while another one is made."""
    with shelf.alone():
        return _proved(backup)


def _proved(backup: shelf.Backup) -> shelf.Backup:
    try:
        _engine_of(backup).prove(backup)
    except BackupFailed as error:
        backup.proved(problem=str(error))
        raise
    return backup.proved()


def restore(path: Path) -> str:
    """Puts the backup in place of the database, and answers where the former one is kept ("" when there was none).

    Raises `RestoreRefused` while anything runs, and `BackupFailed` for what is not whole; nothing is changed then.
    """
    backup = shelf.of_file(path)
    engine = _engine_of(backup)
    try:
        claim = instance.Claim(marking.new_name())
    except instance.AlreadyRunning as error:
        text = _("Aniworld runs on %(folder)s (%(what)s): stop it first, then restore.")
        raise RestoreRefused(text % {"folder": settings.DATA_DIR, "what": error}) from None
    try:
        _demand_silence()
        kept: str = engine.restore(backup)
    finally:
        claim.release()
    connections.close_all()
    store.forget()
    facts = {"former database": (None, kept)} if kept else {}
    audit.record(by="", via="command", action="restored", subject=f"database from {backup.name}", changes=facts)
    logger.warning("The database was restored from %s; the former one is kept as %s", backup.name, kept or "nothing")
    return kept


def _engine_of(backup: shelf.Backup) -> ModuleType:
    with backup.path.open("rb") as file:
        begins = file.read(16)
    is_sqlite = begins.startswith(sqlite.MAGIC)
    if not is_sqlite and not begins.startswith(postgresql.MAGIC):
        raise BackupFailed(_("%s is no backup of a database.") % backup.name)
    if is_sqlite != settings.EMBEDDED:
        text = _("%(name)s is a backup of %(its)s, but DATABASE_URL names %(ours)s: they can't be exchanged.")
        names = ("SQLite", "PostgreSQL") if is_sqlite else ("PostgreSQL", "SQLite")
        raise RestoreRefused(text % {"name": backup.name, "its": names[0], "ours": names[1]})
    return sqlite if is_sqlite else postgresql


def _demand_silence() -> None:
    """Other machines hold no lock here, but each says every few seconds that it is there."""
    if settings.EMBEDDED:
        return
    try:
        working = sorted(set(Machine.objects.living().values_list("host", flat=True)))
    except DatabaseError:
        # Damaged, or empty: whoever has it open is found out before it is replaced.
        return
    if working:
        text = _("Aniworld runs on %s: stop every Aniworld on every machine, and try again after 45 seconds.")
        raise RestoreRefused(text % ", ".join(working))
