"""The task queue's tables in the admin, in words that tell what they are: bells, not jobs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from unfold.admin import ModelAdmin

for _model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class ReadOnly(ModelAdmin):
    """What the workers write; a person may look and delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RunAdmin(ReadOnly):
    """Tasks that ended."""

    list_display = ("name", "func", "cluster", "started", "seconds", "said")
    list_filter = ("cluster", "func", "started")
    search_fields = ("name", "func")
    fields = ("name", "func", "cluster", "group", "started", "stopped", "seconds", "attempt_count", "said")
    readonly_fields = fields

    @admin.display(description=_("seconds"))
    def seconds(self, obj: Task) -> str:
        return f"{obj.time_taken():.1f}"

    @admin.display(description=_("result"))
    def said(self, obj: Task) -> str:
        return str(obj.result or "")[:500]


admin.site.register(Success, RunAdmin)
admin.site.register(Failure, RunAdmin)


@admin.register(Schedule)
class ScheduleAdmin(ModelAdmin):
    list_display = ("name", "func", "schedule_type", "minutes", "cron", "cluster", "next_run")
    list_filter = ("schedule_type", "cluster")
    search_fields = ("name", "func")
    fields = ("name", "func", "schedule_type", "minutes", "cron", "next_run", "cluster", "repeats")
    actions = ("run_now",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # What runs is the program's; when it runs is the operator's. A free choice would run any function there is.
        return ("name", "func", "cluster")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Run at the next look (within 30 seconds)"))
    def run_now(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        changed = queryset.update(next_run=timezone.now())
        self.message_user(request, gettext("%d schedules are due now.") % changed, messages.SUCCESS)


@admin.register(OrmQ)
class WaitingAdmin(ReadOnly):
    list_display = ("id", "task_name", "task_func", "key", "lock")
    list_filter = ("key",)
    fields = ("key", "lock", "task_name", "task_func")
    readonly_fields = fields

    @admin.display(description=_("name"))
    def task_name(self, obj: OrmQ) -> str:
        return str(obj.task.get("name", ""))

    @admin.display(description=_("function"))
    def task_func(self, obj: OrmQ) -> str:
        return str(obj.task.get("func", ""))
