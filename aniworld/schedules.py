"""What happens regularly: by `up` itself every second or so, and by django-q2 every minute or later.

This is the one place that names the regular work of all layers. `up` puts django-q2's rows in place at its start; an
operator may switch one off in the admin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from aniworld import disk_watch, log_level, machine_watch
from aniworld.alerts import delivering
from aniworld.configuration import store
from aniworld.supervisor import fleet, logfiles
from aniworld.supervisor.chores import Chore
from downloads import automatic, rescans, upkeep, wishes
from integrations.media_servers import telling
from integrations.moving import working as imports
from integrations.qbittorrent import grabbing
from integrations.torznab import lookups
from integrations.webhooks import delivering as webhooks
from library import loading, scanning, watching
from library.monitoring import due


@dataclass(frozen=True)
class Regular:
    """One regular task: its name, the function's dotted path, the minutes between two runs, and the cluster."""

    name: str
    function: str
    minutes: int
    cluster: str = "default"
    # The first run is at once, or after that many minutes.
    first_after: int = 0


REGULAR = (
    Regular("Prune the event log", "aniworld.live.tasks.prune", 10),
    Regular("Send alerts", "aniworld.alerts.tasks.deliver", 1),
    Regular("Look at the free space", "aniworld.disk_watch.look", 2),
    Regular("Delete old alerts", "aniworld.alerts.tasks.prune", 24 * 60),
    Regular("Delete old administrative changes", "aniworld.audit.tasks.prune", 24 * 60),
    Regular("Back up the database", "aniworld.backups.tasks.back_up_if_due", 15, first_after=15),
    Regular("Delete expired tokens", "aniworld.accounts.tasks.prune", 24 * 60),
    Regular("Put abandoned queue items right", "downloads.tasks.sweep", 1),
    Regular("Delete old messages to other systems", "integrations.tasks.prune", 24 * 60),
    Regular("Delete what the queue kept for a while", "downloads.tasks.prune", 24 * 60),
    Regular("Check the providers that are due", "providers.tasks.check_due", 1),
    Regular("Add up requests of providers by the hour", "providers.tasks.roll_up", 60),
    Regular("Delete old requests of providers", "providers.tasks.prune", 24 * 60),
    Regular("Load series that wait for it", "library.tasks.load_pending", 1),
    Regular("Ask TMDB for the dates of new episodes", "library.tasks.look_at_dates", 15, first_after=5),
    Regular("Look for adopted series at the catalogues", "library.tasks.match_adopted", 1),
    Regular("Look after what was handed over", "integrations.qbittorrent.tasks.sweep", 1),
    Regular("Delete old look-ups of the indexer", "integrations.torznab.tasks.prune", 24 * 60),
)


def put_in_place(regular: tuple[Regular, ...] = REGULAR) -> None:
    """Makes missing rows, corrects changed ones and removes those of former versions. What is switched off stays so.

    While machines of another version run, their rows stay: which of the two is the former one is not known here.
    """
    with transaction.atomic():
        for task in regular:
            same = Schedule.objects.filter(name=task.name).order_by("pk")
            same.exclude(pk__in=same.values("pk")[:1]).delete()
            values = {
                "func": task.function,
                "schedule_type": Schedule.MINUTES,
                "minutes": task.minutes,
                "cluster": task.cluster,
            }
            first = {**values, "next_run": timezone.now() + timedelta(minutes=task.first_after)}
            Schedule.objects.update_or_create(name=task.name, defaults=values, create_defaults=first)
        if fleet.others_of_another_version():
            return
        ours = Schedule.objects.filter(func__regex=r"^(aniworld|providers|library|downloads|integrations)\.")
        ours.exclude(name__in=[task.name for task in regular]).delete()


def chores(member: fleet.Member, *, workers: bool) -> list[Chore]:
    """What `up` itself does every second or so: it needs no worker, and finds what a lost bell left lying."""
    return [
        Chore("Telling that this machine is there", member.sign, fleet.SIGN_EVERY),
        *(Chore(name, member.leading(work, otherwise), every) for name, work, otherwise, every in _ONCE_FOR_ALL),
        # After an outage of the database nobody has been heard of, for a moment.
        Chore("Noticing machines that vanished", lambda: member.knows_the_others and machine_watch.look(), 5.0),
        Chore("Following the configured log level", log_level.refresh, 2.0),
        Chore("Rotating the logs", rotate_logs, 30.0),
        *(_of_this_machine() if workers and not settings.EMBEDDED else []),
    ]


# What the machine that leads does for all: its name, what the others do instead, and the seconds between two runs.
_ONCE_FOR_ALL: tuple[tuple[str, Callable[[], object], Callable[[], object] | None, float], ...] = (
    ("Ringing for downloads", upkeep.ring_if_due, None, 1.5),
    ("Queueing what new series were added for", wishes.queue_wanted, None, 1.5),
    ("Queueing new episodes", automatic.queue_found, None, 1.5),
    ("Ringing for series to load", loading.ring_if_due, None, 1.5),
    ("Ringing for new episodes", due.ring_if_due, None, 5.0),
    ("Ringing for a scheduled rescan", rescans.ring_if_due, None, 2.0),
    ("Ringing for a scan", scanning.ring_if_due, None, 1.5),
    ("Watching the library folder", watching.look, watching.rest, 2.0),
    ("Getting on with what managers grabbed", grabbing.watch, None, 1.5),
    ("Ringing for look-ups of the indexer", lookups.ring_if_due, None, 3.0),
    ("Ringing for imports", imports.ring_if_due, None, 2.0),
    ("Ringing for alerts", delivering.ring_if_due, None, 3.0),
    ("Telling media servers", telling.look, None, 1.5),
    ("Telling webhooks", webhooks.look, None, 1.5),
)


def _of_this_machine() -> list[Chore]:
    """What bells do where there is one machine. Of several, each looks after its own disks and folders."""
    return [
        Chore("Looking at this machine's disks", disk_watch.look, 120.0),
        Chore("Clearing this machine's work folder up", upkeep.clear_up, 60.0),
    ]


def rotate_logs() -> None:
    """By the size and age that the operator configured."""
    logging = store.current().logging
    logfiles.rotate(settings.LOG_DIR, logging.max_megabytes * 1024 * 1024, logging.keep_days)
