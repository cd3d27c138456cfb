"""When everything regular runs next, and how it went the last time: for the API, and for whoever shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import Schedule, Task

from aniworld.configuration import store
from downloads import rescans
from downloads.models import Rescan
from library.models import Timetable
from library.monitoring.due import PREFIX
from providers.models import Provider

# Of a rescan, what its state means for whoever asks how the last run went.
_OUTCOMES = {
    Rescan.Status.SCANNING: "running",
    Rescan.Status.QUEUEING: "running",
    Rescan.Status.COMPLETED: "completed",
    Rescan.Status.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """One regular thing. `last_outcome` is running, completed or failed; None where it never ran or is not known."""

    name: str
    title: str
    rule: str
    enabled: bool
    next_run: datetime | None
    last_run: datetime | None
    last_outcome: str | None
    last_message: str


def schedules() -> list[ScheduleState]:
    """Every one, those that the configuration sets first. Costs a constant number of queries."""
    return [_rescan(), *_newest(), *_regular()]


def is_running() -> bool:
    """Whether a rescan is under way."""
    return Rescan.objects.live().exists()


def _rescan() -> ScheduleState:
    rhythm = rescans.rhythm()
    timetable = Timetable.objects.filter(pk=rescans.NAME).first()
    last = Rescan.objects.select_related("scan").first()
    # A change of the configuration is told before `up` has noticed it.
    known = timetable.next_run if timetable and rhythm and timetable.rule == str(rhythm) else None
    return ScheduleState(
        name=rescans.NAME,
        title=_("Scan the library, and queue what is missing"),
        rule=str(rhythm or ""),
        enabled=rhythm is not None,
        next_run=known,
        last_run=last.created_at if last else None,
        last_outcome=_OUTCOMES[Rescan.Status(last.status)] if last else None,
        last_message=_told(last) if last else "",
    )


def _told(rescan: Rescan) -> str:
    if rescan.error:
        return rescan.error
    if rescan.status == Rescan.Status.COMPLETED:
        return ngettext("%d episode queued", "%d episodes queued", rescan.queued) % rescan.queued
    return rescan.get_status_display()


def _newest() -> Iterator[ScheduleState]:
    is_on = store.current().scheduler.enabled
    names = {name: row.display_name for name, row in Provider.known().items()}
    for row in Timetable.objects.filter(name__startswith=PREFIX):
        provider = row.name.removeprefix(PREFIX)
        yield ScheduleState(
            name=row.name,
            title=_("Newest episodes of %s") % names.get(provider, provider),
            rule=row.rule if is_on else "",
            enabled=is_on and bool(row.rule),
            next_run=row.next_run if is_on else None,
            last_run=row.last_run,
            last_outcome=row.outcome or None,
            last_message=row.message,
        )


def _regular() -> Iterator[ScheduleState]:
    """The fixed tasks. Results of rare ones are not kept long: when they ran follows from when they run next."""
    rows = list(Schedule.objects.order_by("next_run", "name"))
    done = {task.id: task for task in Task.objects.filter(id__in=[row.task for row in rows if row.task])}
    for row in rows:
        task, enabled = done.get(row.task), row.repeats != 0
        before = row.next_run - timedelta(minutes=row.minutes) if row.task and row.next_run and row.minutes else None
        yield ScheduleState(
            name=row.name or row.func,
            title=row.name or row.func,
            rule=f"every {row.minutes} minutes" if row.minutes else "",
            enabled=enabled,
            next_run=row.next_run if enabled else None,
            last_run=task.started if task else before,
            last_outcome=("completed" if task.success else "failed") if task else None,
            last_message=str(task.result or "")[:500] if task else "",
        )
