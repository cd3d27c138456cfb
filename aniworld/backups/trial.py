"""A restored database beside the one in use: whether everything is there, and what must not come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_q.models import OrmQ, Schedule, Task

from aniworld.accounts.models import BrowserSession, Token
from aniworld.backups.refusals import BackupFailed
from aniworld.backups.shelf import Backup
from aniworld.supervisor.models import Cluster, Machine

_ALIAS = "trial"
# Their rows hold pickled Python, which a file from anywhere must not bring in.
TASK_TABLES = "django_q_"


@contextmanager
def database(changed: Mapping[str, Any]) -> Iterator[str]:
    """Another database as one of Django's: that in use with some settings changed. Answers its alias."""
    connections.databases[_ALIAS] = {**connections.databases["default"], **changed}
    try:
        yield _ALIAS
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]
        del connections.databases[_ALIAS]


def compare(backup: Backup, rows: Mapping[str, int]) -> None:
    """Raises `BackupFailed` when a table lacks rows that it had when the backup was made."""
    for table, count in backup.rows.items():
        if not table.startswith(TASK_TABLES) and rows.get(table) != count:
            facts = {"name": backup.name, "table": table, "found": rows.get(table, 0), "noted": count}
            text = _("The backup %(name)s is not complete: %(table)s has %(found)d rows instead of %(noted)d.")
            raise BackupFailed(text % facts)


def bring_up_to_date(alias: str) -> None:
    """Migrates what an older version made. Raises `BackupFailed` for a newer one, and for no database of ours."""
    try:
        executor = MigrationExecutor(connections[alias])
        known, applied = executor.loader.disk_migrations or {}, executor.loader.applied_migrations
        if not MigrationRecorder(connections[alias]).has_table() or ("downloads", "0001_initial") not in applied:
            raise BackupFailed(_("This is no database of Aniworld."))
        ours = {app for app, _name in known}
        newer = sorted(f"{app}.{name}" for app, name in applied if app in ours and (app, name) not in known)
        if newer:
            text = _("It was made by a newer version of Aniworld (%s). Update this one first.")
            raise BackupFailed(text % ", ".join(newer[:3]))
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", database=alias, interactive=False, verbosity=0, skip_checks=True)
    except DatabaseError as error:
        raise BackupFailed(_("It can't be used as a database: %s") % error) from None


def strip(alias: str) -> None:
    """Removes what must not come back from a file: tasks and their results, sign-ins, who ran at that time."""
    for model in (OrmQ, Task, Schedule, BrowserSession, Token, Cluster, Machine):
        QuerySet(model=model, using=alias).delete()
