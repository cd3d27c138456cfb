"""The workers and their work: heartbeats, tasks, leases, and what waits for longer than it should."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.brokers import get_broker
from django_q.models import Failure

from aniworld import clock
from aniworld.checks.check import Check, fine, note, warning
from aniworld.supervisor.models import FORGOTTEN, SILENCE, Cluster, Machine
from downloads import window
from downloads.models import QueueItem, QueueState

WAITING_TASKS = 500
FAILED_TASKS = 20
MANY_RESTARTS = 3
LEASE_OVERDUE = timedelta(minutes=3)
NOT_TAKEN = timedelta(minutes=30)


def cluster_ages(now: datetime) -> list[tuple[Cluster, timedelta]]:
    """Each cluster that counts, and how long ago it last proved that it works."""
    rows = Cluster.objects.alias(seen=Coalesce("heartbeat_at", "started_at")).filter(seen__gt=now - FORGOTTEN)
    return [(row, now - (row.heartbeat_at or row.started_at)) for row in rows]


def workers() -> Check:
    """Whether every cluster of workers did something lately."""
    ages = cluster_ages(clock.now())
    if not ages:
        return Check("workers", False, _("No workers run."), _("Start them: manage.py up, or with --workers-only."))
    silent = [f"{row.name} ({int(age.total_seconds())} s)" for row, age in ages if age > SILENCE]
    # Of several machines one may be gone: the others do its work.
    if {row.name for row, age in ages if age > SILENCE} - {row.name for row, age in ages if age <= SILENCE}:
        remedy = _("They are started again by themselves; if this stays, restart the program and read error.log.")
        return Check("workers", False, _("No sign of work from: %s") % ", ".join(silent), remedy)
    count = len(ages) - len(silent)
    told = ngettext("%d group of workers works.", "%d groups of workers work.", count) % count
    if silent:
        told = _("%(works)s No sign of work from: %(silent)s") % {"works": told, "silent": ", ".join(silent)}
    return fine("workers", told)


def machines() -> Check:
    """Whether every machine that was there is there still, and all of one version."""
    living = list(Machine.objects.living())
    gone = [row.host for row in Machine.objects.exclude(pk__in=[row.pk for row in living])]
    if gone and living:
        message = _("Gone without a word: %s. The others do its work.") % ", ".join(sorted(gone))
        return warning("machines", message, _("Start it again, or leave it: after an hour it is forgotten."))
    versions = sorted({row.version for row in living})
    if len(versions) > 1:
        message = _("Machines of several versions run: %s.") % ", ".join(versions)
        return note("machines", message, _("Update the others soon; docs/scaling.md says in which order."))
    told = ngettext("%d machine is there.", "%d machines are there.", len(living))
    return fine("machines", told % len(living))


def restarts() -> Check:
    """Whether workers had to be started again and again."""
    count = Cluster.objects.working().aggregate(n=Sum("restarts"))["n"] or 0
    if count >= MANY_RESTARTS:
        message = _("Workers hung and were started again %d times since the program was started.") % count
        return warning(
            "restarts", message, _("error.log says what they did last. A slow or full disk is the usual cause.")
        )
    return fine("restarts", _("Workers run without hanging."))


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
    return fine("broker", _("Tasks are handed over through %s.") % where)


def failed_tasks() -> Check:
    """Whether regular work fails."""
    since = timezone.now() - timedelta(days=1)
    failed = Failure.objects.filter(stopped__gt=since)
    count = failed.count()
    if count > FAILED_TASKS:
        names = sorted({func.rpartition(".")[2] for func in failed.values_list("func", flat=True)[:50]})
        message = _("%(count)d tasks failed in the last day: %(names)s") % {"count": count, "names": ", ".join(names)}
        return warning("failed_tasks", message, _("error.log and the admin (Failed tasks) say why."))
    return fine("failed_tasks", _("Regular work gets done."))


def leases() -> Check:
    """Whether downloads of dead workers are taken over."""
    overdue = QueueItem.objects.abandoned(clock.now() - LEASE_OVERDUE).count()
    if overdue:
        message = ngettext(
            "%d download belongs to a worker that is gone, and nobody has taken it over.",
            "%d downloads belong to workers that are gone, and nobody has taken them over.",
            overdue,
        )
        return warning(
            "leases", message % overdue, _("Start the workers (manage.py up): they take them over within a minute.")
        )
    return fine("leases", _("Every download has a living worker."))


def stuck_items() -> Check:
    """Whether items are due for long without being taken."""
    if QueueItem.objects.filter(status=QueueItem.Status.DOWNLOADING).exists() or not _may_start():
        return fine("stuck_items", _("The queue moves, or rests because somebody wants it to."))
    stuck = QueueItem.objects.due(timezone.now() - NOT_TAKEN).filter(updated_at__lt=timezone.now() - NOT_TAKEN).count()
    if stuck:
        message = ngettext(
            "%d item is due for more than half an hour, and nothing downloads.",
            "%d items are due for more than half an hour, and nothing downloads.",
            stuck,
        )
        remedy = _("“manage.py queue why ID” says what is in the way of one. Restart the workers if nothing is.")
        return warning("stuck_items", message % stuck, remedy)
    return fine("stuck_items", _("No item waits without a reason."))


def _may_start() -> bool:
    return window.opens_at() is None and QueueState.objects.now().may_start


def parked_items() -> Check:
    """Whether downloads wait for something that a person has to put right."""
    reasons = QueueItem.PauseReason
    waiting = QueueItem.objects.filter(
        status=QueueItem.Status.PAUSED, pause_reason__in=[reasons.BLOCKED, reasons.DISK, reasons.LIBRARY]
    )
    found = {reasons(name).label for name in waiting.order_by().values_list("pause_reason", flat=True).distinct()}
    if found:
        count = waiting.count()
        message = ngettext("%(count)d download waits: %(reasons)s.", "%(count)d downloads wait: %(reasons)s.", count)
        facts = {"count": count, "reasons": ", ".join(sorted(map(str, found)))}
        return note(
            "parked_items", message % facts, _("The page of each says what it waits for; then it goes on by itself.")
        )
    return fine("parked_items", _("No download waits for a person."))
