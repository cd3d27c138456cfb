"""What can be wrong with an installation, and what helps: for `/health`, `doctor`, the admin and Django's checks.

Each area is a module of looks: functions without arguments that answer a `Check`. `doctor` has more of them, which take
longer or need more memory: `aniworld.checks.doctor`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _

from aniworld import __version__
from aniworld.checks import access, database, folders, kept, machine, outside, sign_on, space, working
from aniworld.checks.access import https
from aniworld.checks.check import Check, Look, Severity
from aniworld.checks.database import file_system_of
from aniworld.checks.machine import time_zone
from aniworld.checks.space import disk_free
from aniworld.checks.working import cluster_ages
from aniworld.supervisor.models import SILENCE as HEARTBEAT_LIMIT
from downloads.disks import GIGABYTE

logger = logging.getLogger(__name__)

__all__ = [
    "GIGABYTE",
    "HEARTBEAT_LIMIT",
    "Check",
    "Look",
    "Severity",
    "cluster_ages",
    "disk_free",
    "file_system_of",
    "health",
    "https",
    "run",
    "time_zone",
]

IN_HEALTH: tuple[Look, ...] = (working.workers, folders.download_directory, space.free_space)
# They need no database, and speak at every start; the ids are Django's.
STATIC: dict[str, Look] = {
    "aniworld.W001": database.sqlite_version,
    "aniworld.W002": database.file_system,
    "aniworld.W004": machine.environment_file,
    "aniworld.W003": access.https,
    "aniworld.W005": access.debug,
    "aniworld.W006": access.allowed_hosts,
    "aniworld.W007": access.proxies,
    "aniworld.W009": folders.data_folder,
    "aniworld.W010": machine.open_files,
    "aniworld.E001": folders.own_folders,
    "aniworld.E002": machine.time_zone,
    "aniworld.E003": folders.secret_key,
    "aniworld.E004": access.key_strength,
}
WITHOUT_DATABASE: tuple[Look, ...] = (
    folders.download_directory,
    *STATIC.values(),
    machine.python_version,
    machine.user,
    machine.memory,
    machine.ytdlp,
    access.passwords,
    sign_on.openid_settings,
    sign_on.openid_callback,
    sign_on.proxy_header,
)
WITH_DATABASE: tuple[Look, ...] = (
    working.workers,
    space.free_space,
    folders.library_folder,
    folders.nested_folders,
    folders.umask,
    folders.same_disk,
    space.inodes,
    space.quarantined,
    database.journal,
    database.clock,
    working.machines,
    working.restarts,
    working.broker,
    working.failed_tasks,
    working.leases,
    working.stuck_items,
    working.parked_items,
    access.administrator,
    outside.providers,
    outside.catalogue_address,
    outside.demo,
    outside.alerts,
    kept.configuration,
    kept.log_level,
    kept.backups,
    kept.verified_backup,
)
# What is cheap enough to be asked whenever somebody looks.
OF_INSTALLATION: tuple[Look, ...] = (*WITHOUT_DATABASE, *WITH_DATABASE)


def _guarded(look: Look) -> Check:
    try:
        return look()
    except DatabaseError:
        message = _("Not known, because the database does not answer.")
        return Check(look.__name__, False, message, _("See the check of the database."))
    except Exception as error:  # one look that fails must not hide what the others find
        logger.exception("The check %s failed", look.__name__)
        message = _("It could not be looked at (%s).") % type(error).__name__
        return Check(look.__name__, False, message, _("error.log says why."), "warning")


def run(looks: tuple[Look, ...] = OF_INSTALLATION) -> Iterator[Check]:
    """The database first, then `looks`, each failing for itself. Without tables, only what needs none is asked."""
    first = database.answers()
    yield first
    ready = first.ok and database.is_set_up()
    if first.ok and not ready:
        yield database.not_set_up()
    for look in looks:
        if ready or look in WITHOUT_DATABASE:
            yield _guarded(look)


def health() -> dict[str, Any]:
    """What `/health` answers: open to anybody, so without paths and names."""
    found = {check.name: check for check in run(IN_HEALTH)}
    unknown = Check("", False, _("Not known, because the database does not answer."))
    names = ("database", "workers", "download_directory", "free_space")
    checks = {name: found.get(name, unknown) for name in names}
    healthy = all(check.ok for check in checks.values())
    return {
        "status": "healthy" if healthy else "unhealthy",
        "version": __version__,
        "checks": {
            name: {"status": "ok" if one.ok else "failed", "message": one.message} for name, one in checks.items()
        },
    }
