"""What only `doctor` looks at: the machine's clock, the version of the database's tables, and the waiting tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.brokers import get_broker

from aniworld.checks import Check

CLOCKS_APART = timedelta(seconds=5)
WAITING_TASKS = 500


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
    return Check("clock", True, _("This machine and the database agree on the time."))


def migrations() -> Check:
    """Whether the tables are those this version needs."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        message = _("%d changes of the database are not applied yet.") % missing
        return Check("migrations", False, message, _("Start the program with manage.py up, or run manage.py migrate."))
    return Check("migrations", True, _("The database is up to date."))


def broker() -> Check:
    """Whether tasks can be handed over, and are taken."""
    try:
        waiting = {name: get_broker(name).queue_size() for name in ("default", "downloads")}
    except Exception as error:  # each broker has errors of its own
        remedy = _("Start the Redis server, and see that REDIS_URL names it.")
        return Check("broker", False, _("Tasks can't be handed over: %s") % type(error).__name__, remedy)
    if max(waiting.values()) > WAITING_TASKS:
        message = _("%d tasks wait for a worker.") % max(waiting.values())
        return Check("broker", False, message, _("Restart the program; if this stays, raise TASK_WORKERS."))
    where = _("Redis") if settings.REDIS_URL else _("the database")
    return Check("broker", True, _("Tasks are handed over through %s.") % where)


OF_HOST: tuple[Callable[[], Check], ...] = (clock, migrations, broker)
