"""The task queue's tables in the admin, in words that tell what they are: bells, not jobs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from unfold.decorators import display

from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.links import to_list, to_row
from aniworld.admin_pages.pages import ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago, duration

for _model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

# Only functions of ours are looked up: the name comes from a row.
_OURS = ("aniworld.", "providers.", "library.", "downloads.")


def purpose(function: str) -> str:
    """What a task is for, as its function says it; its name where that says nothing."""
    if not function.startswith(_OURS):
        return function
    try:
        text = import_string(function).__doc__ or ""
    except ImportError:
        return function
    return text.strip().splitlines()[0] if text.strip() else function


class RunAdmin(Recorded, ReadOnly):
    """Tasks that ended. Their arguments are pickles, and never shown."""

    list_display = ("task", "result_link", "cluster", "when", "took", "said")
    list_display_links = ("task",)
    list_filter = ("cluster", "started")
    search_fields = ("name", "func")
    date_hierarchy = "started"
    ordering = ("-stopped",)
    fields = ("task", "name", "func", "cluster", "group", "started", "stopped", "took", "attempt_count", "whole")
    readonly_fields = fields
    live_seconds = 30

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        rows: QuerySet[Task] = super().get_queryset(request)
        return rows.defer("args", "kwargs")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What ended may be forgotten."""
        return self.has_act_permission(request)

    @display(description=_("what it did"), ordering="func")
    def task(self, obj: Task) -> str:
        return purpose(obj.func)

    @display(description=_("regular task"))
    def result_link(self, obj: Task) -> SafeString:
        return to_list("django_q_schedule", obj.group or obj.func.rsplit(".", 1)[-1], q=obj.func)

    @display(description=_("began"), ordering="started")
    def when(self, obj: Task) -> str:
        return ago(obj.started)

    @display(description=_("took"))
    def took(self, obj: Task) -> str:
        seconds = (obj.stopped - obj.started).total_seconds()
        return duration(seconds) if seconds >= 1 else f"{1000 * seconds:.0f} ms"

    @display(description=_("result"))
    def said(self, obj: Task) -> str:
        return Truncator(_sentence(obj.result)).chars(160)

    @display(description=_("result"))
    def whole(self, obj: Task) -> str:
        return _sentence(obj.result)[:5000]


def _sentence(result: Any) -> str:
    """Our tasks answer with a sentence, and failures with a trace; anything else is only named by its kind."""
    if result is None:
        return "–"
    return result if isinstance(result, str) else f"({type(result).__name__})"


@admin.register(Success)
class SuccessAdmin(RunAdmin):
    about = _("The last background tasks that went well, and what each said. Older ones go by themselves.")
    when_empty = _("No task ended yet: the workers write here as soon as they work.")


@admin.register(Failure)
class FailureAdmin(RunAdmin):
    about = _(
        "Background tasks that ended with an error. A task is only a bell: what it should have done is done at the "
        "next one, so nothing is lost. The same error again and again is worth a look at the log."
    )
    when_empty = _("No task failed.")


@admin.register(Schedule)
class ScheduleAdmin(Recorded, ReadOnly):
    about = _("What the program does regularly by itself. Switch one off, which lasts, or have it run now.")
    when_empty = _("The program puts its regular tasks in place when it starts: manage.py up.")
    live_seconds = 30
    list_display = ("title", "purpose", "every", "state", "next", "last", "cluster")
    list_filter = ("cluster", "schedule_type")
    search_fields = ("name", "func")
    ordering = ("next_run",)
    fields = ("name", "purpose", "schedule_type", "minutes", "cron", "next_run", "repeats", "cluster", "func", "last")
    readonly_fields = fields
    actions = ("run_now", "switch_off", "switch_on")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the last run of all, read at once."""
        found = super().get_changelist_instance(request)
        runs = _runs([row.task for row in found.result_list if row.task])
        for row in found.result_list:
            row.last_task = runs.get(row.task)
        return found

    @display(description=_("name"), ordering="name")
    def title(self, obj: Schedule) -> str:
        return str(obj.name or obj.func)

    @display(description=_("what it is for"))
    def purpose(self, obj: Schedule) -> str:
        return purpose(obj.func)

    @display(description=_("how often"), ordering="minutes")
    def every(self, obj: Schedule) -> str:
        if obj.schedule_type == Schedule.CRON:
            return obj.cron or "–"
        if obj.schedule_type == Schedule.MINUTES and obj.minutes:
            return _interval(obj.minutes)
        return str(obj.get_schedule_type_display())

    @display(description=_("state"), label={"on": "success", "off": "warning"})
    def state(self, obj: Schedule) -> tuple[str, str]:
        return ("off", gettext("off")) if obj.repeats == 0 else ("on", gettext("on"))

    @display(description=_("next run"), ordering="next_run")
    def next(self, obj: Schedule) -> str:
        return "–" if obj.repeats == 0 else ago(obj.next_run)

    @display(description=_("last run"))
    def last(self, obj: Schedule) -> SafeString | str:
        task = obj.last_task if hasattr(obj, "last_task") else _runs([obj.task] if obj.task else []).get(obj.task)
        if task is None:
            return "–"
        page = "django_q_success" if task.success else "django_q_failure"
        told = gettext("went well") if task.success else gettext("failed")
        return format_html("{} {}", to_row(page, task.pk, told), ago(task.stopped))

    @admin.action(description=_("Run now (within 30 seconds)"), permissions=("act",))
    def run_now(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        due = rows.exclude(repeats=0).update(next_run=timezone.now())
        self._say(request, due, ngettext("%d task is due now.", "%d tasks are due now.", due) % due)

    @admin.action(description=_("Switch off"), permissions=("act",))
    @confirmed(_("What they do is left undone until you switch them on again."))
    def switch_off(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        count = rows.update(repeats=0)
        self._say(request, count, ngettext("%d task is off.", "%d tasks are off.", count) % count)

    @admin.action(description=_("Switch on"), permissions=("act",))
    def switch_on(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        count = rows.filter(repeats=0).update(repeats=-1)
        self._say(request, count, ngettext("%d task is on.", "%d tasks are on.", count) % count)

    def _say(self, request: HttpRequest, count: int, told: str) -> None:
        self.message_user(request, told, messages.SUCCESS if count else messages.WARNING)


def _interval(minutes: int) -> str:
    if minutes % 1440 == 0:
        return ngettext("every day", "every %(n)d days", minutes // 1440) % {"n": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext("every hour", "every %(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("every minute", "every %(n)d minutes", minutes) % {"n": minutes}


def _runs(ids: list[str]) -> dict[str, Task]:
    rows = Task.objects.filter(pk__in=ids).only("pk", "success", "stopped") if ids else []
    return {row.pk: row for row in rows}


@admin.register(OrmQ)
class WaitingAdmin(Recorded, ReadOnly):
    about = _("Bells that wait for a worker. Seconds at most are normal; many for long mean that workers are missing.")
    when_empty = _("Nothing waits: the workers keep up.")
    live_seconds = 10
    list_display = ("task", "key", "since")
    list_display_links = ("task",)
    list_filter = ("key",)
    ordering = ("id",)
    fields = ("task", "key", "since")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What it should have done is done at the next bell."""
        return self.has_act_permission(request)

    @display(description=_("what it does"))
    def task(self, obj: OrmQ) -> str:
        return purpose(str(obj.task.get("func", "")))

    @display(description=_("given to a worker, or waits since"), ordering="lock")
    def since(self, obj: OrmQ) -> str:
        return ago(obj.lock)
