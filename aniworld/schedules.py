"""What happens regularly: by `up` itself every second or so, and by django-q2 every minute or later.

This is the one place that names the regular work of all layers. `up` puts django-q2's rows in place at its start; an
operator may switch one off in the admin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from aniworld import log_level
from aniworld.alerts import delivering
from aniworld.configuration import store
from aniworld.supervisor import logfiles
from aniworld.supervisor.chores import Chore
from downloads import automatic, rescans, upkeep, wishes
from integrations.moving import working
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
    Regular("Delete what the queue kept for a while", "downloads.tasks.prune", 24 * 60),
    Regular("Check the providers that are due", "providers.tasks.check_due", 1),
    Regular("Add up requests of providers by the hour", "providers.tasks.roll_up", 60),
    Regular("Delete old requests of providers", "providers.tasks.prune", 24 * 60),
    Regular("Load series that wait for it", "library.tasks.load_pending", 1),
    Regular("Ask TMDB for the dates of new episodes", "library.tasks.look_at_dates", 15, first_after=5),
    Regular("Look for adopted series at the catalogues", "library.tasks.match_adopted", 1),
)


def put_in_place(regular: tuple[Regular, ...] = REGULAR) -> None:
    """Makes missing rows, corrects changed ones and removes those of former versions. What is switched off stays so."""
    with transaction.atomic():
        for task in regular:
            values = {
                "func": task.function,
                "schedule_type": Schedule.MINUTES,
                "minutes": task.minutes,
                "cluster": task.cluster,
            }
            first = {**values, "next_run": timezone.now() + timedelta(minutes=task.first_after)}
            Schedule.objects.update_or_create(name=task.name, defaults=values, create_defaults=first)
        ours = Schedule.objects.filter(func__regex=r"^(aniworld|providers|library|downloads|integrations)\.")
        ours.exclude(name__in=[task.name for task in regular]).delete()


def chores() -> list[Chore]:
    """What `up` itself does every second or so: it needs no worker, and finds what a lost bell left lying."""
    return [
        Chore("Ringing for downloads", upkeep.ring_if_due, 1.5),
        Chore("Queueing what new series were added for", wishes.queue_wanted, 1.5),
        Chore("Queueing new episodes", automatic.queue_found, 1.5),
        Chore("Ringing for series to load", loading.ring_if_due, 1.5),
        Chore("Ringing for new episodes", due.ring_if_due, 5.0),
        Chore("Ringing for a scheduled rescan", rescans.ring_if_due, 2.0),
        Chore("Ringing for a scan", scanning.ring_if_due, 1.5),
        Chore("Ringing for imports", working.ring_if_due, 2.0),
        Chore("Watching the library folder", watching.look, 2.0),
        Chore("Ringing for alerts", delivering.ring_if_due, 3.0),
        Chore("Following the configured log level", log_level.refresh, 2.0),
        Chore("Rotating the logs", rotate_logs, 30.0),
    ]


def rotate_logs() -> None:
    """By the size and age that the operator configured."""
    logging = store.current().logging
    logfiles.rotate(settings.LOG_DIR, logging.max_megabytes * 1024 * 1024, logging.keep_days)
