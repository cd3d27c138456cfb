"""What the admin's pages of all receivers have in common: how each one does, a test, on and off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.pages import Page, ReadOnly
from aniworld.templatetags.quantities import ago
from integrations.outgoing import Outcome
from integrations.told import Told

# More would keep the browser waiting.
_MOST_TESTS = 5
LIGHTS = {Told.State.WAITING: "info", Told.State.SENT: "success", Told.State.FAILED: "danger"}


class ReceiverPage(Page):
    """A list of receivers. `try_out` asks one of them; the mixin of the audit stands before it."""

    live_seconds = 30
    list_filter: Any = ("enabled",)
    search_fields = ("name",)
    told_fields: ClassVar[tuple[str, ...]] = ("enabled",)
    actions = ("test", "enable", "disable")
    try_out: ClassVar[Callable[[Any], Outcome]]

    @display(description=_("state"), label={"on": "success", "off": "warning", "failing": "danger"})
    def state(self, row: Any) -> tuple[str, str]:
        """Whether it is told, and whether that goes well."""
        if row.failing_since is not None:
            return "failing", gettext("failing") if row.enabled else gettext("switched off after failures")
        return ("on", gettext("on")) if row.enabled else ("off", gettext("off"))

    @display(description=_("last success"), ordering="last_success_at")
    def succeeded(self, row: Any) -> str:
        """When it was told last."""
        return ago(row.last_success_at) if row.last_success_at else "–"

    @display(description=_("last failure"), ordering="last_failure_at")
    def failed(self, row: Any) -> str:
        """When that went wrong last."""
        return ago(row.last_failure_at) if row.last_failure_at else "–"

    @display(description=_("reason"))
    def why(self, row: Any) -> str:
        """Of a failure that nothing has made up for yet."""
        return row.last_error or "–"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed here: how it does is written all the time."""
        if not change:
            obj.save()
        elif form.changed_data:
            obj.save(update_fields=[*form.changed_data, "updated_at"])

    @admin.action(description=_("Test (the first five)"), permissions=("change",))
    def test(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Asks each now, and says what came of it."""
        for row in queryset[:_MOST_TESTS]:
            outcome = type(self).try_out(row)
            told = outcome.about or gettext("It arrived.") if outcome.ok else outcome.reason
            self.message_user(request, f"{row}: {told}", messages.SUCCESS if outcome.ok else messages.ERROR)

    @admin.action(description=_("Switch on"), permissions=("change",))
    def enable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Told from now on."""
        self.for_each(request, queryset, lambda row: row.switch(on=True), _on)

    @admin.action(description=_("Switch off"), permissions=("change",))
    def disable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Not told any more."""
        self.for_each(request, queryset, lambda row: row.switch(on=False), _off)


class LogPage(ReadOnly):
    """A list of what was sent or is to be."""

    live_seconds = 15
    list_select_related = ("receiver",)
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @display(description=_("to"), ordering="receiver__name")
    def to(self, row: Any) -> str:
        """The receiver's name."""
        return str(row.receiver)

    @display(description=_("made"), ordering="id")
    def made(self, row: Any) -> str:
        """When it was written down."""
        return ago(row.created_at)

    @display(description=_("state"), ordering="state", label=LIGHTS)
    def state_shown(self, row: Any) -> tuple[str, str]:
        """How far it is."""
        return row.state, row.get_state_display()

    @display(description=_("next try"), ordering="next_attempt_at")
    def next_try(self, row: Any) -> str:
        """While there will be one."""
        return ago(row.next_attempt_at) if row.state == Told.State.WAITING else "–"

    @display(description=_("reason"))
    def why(self, row: Any) -> str:
        """What the last try said."""
        return row.reason or "–"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was sent may be forgotten."""
        return self.has_act_permission(request)


def _on(count: int) -> str:
    return ngettext("%d was switched on.", "%d were switched on.", count) % count


def _off(count: int) -> str:
    return ngettext("%d was switched off.", "%d were switched off.", count) % count
