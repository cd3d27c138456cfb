"""The version of the database's tables. Reading all migrations takes memory, so only `doctor` loads this."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.checks.check import Check, fine


def migrations() -> Check:
    """Whether the tables are those this version needs."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        message = ngettext(
            "%d change of the database is not applied yet.",
            "%d changes of the database are not applied yet.",
            missing,
        )
        return Check(
            "migrations", False, message % missing, _("Start the program with manage.py up, or run manage.py migrate.")
        )
    known, applied = executor.loader.disk_migrations or {}, executor.loader.applied_migrations
    ours = {app for app, _name in known}
    newer = [f"{app}.{name}" for app, name in applied if app in ours and (app, name) not in known]
    if newer:
        message = _("The database was used by a newer version of this program (%s).") % ", ".join(sorted(newer)[:3])
        return Check("migrations", False, message, _("Update the program, or restore a backup of this version."))
    return fine("migrations", _("The database is up to date."))
