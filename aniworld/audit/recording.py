"""Has a page of the admin write down what is done there: saved, deleted, and by action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from aniworld import audit

_NAMED = 5
# Rows of which an action's record tells old and new.
_TOLD = 50
# Values of such names are never written down, whatever the model.
_SECRET = re.compile(r"password|secret|token|api_?key|\bkey\b|hash|header|param|target|cookie", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether the value of a field of this name has to be hidden."""
    return bool(_SECRET.search(name))


class Recorded:
    """A mixin for pages, before `Page` in the list of bases. `secret_fields` are hidden besides such names.

    Of `told_fields` the log has the old and the new value after an action, too.
    """

    secret_fields: ClassVar[tuple[str, ...]] = ()
    told_fields: ClassVar[tuple[str, ...]] = ()
    # Names that look like a secret's and are none.
    plain_fields: ClassVar[tuple[str, ...]] = ()
    opts: Any

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Writes down what is different in the database now."""
        formsets = list(formsets)
        super().save_related(request, form, formsets, change)  # type: ignore[misc]  # of ModelAdmin
        changes = _of_form(form)
        for formset in formsets:
            for one in getattr(formset, "forms", ()):
                changes |= {f"{formset.model._meta.verbose_name}: {name}": pair for name, pair in _of_form(one).items()}
        if changes or not change:
            action = "changed" if change else "added"
            self._record(request, action, self._subject(form.instance), changes)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Django calls this just before it deletes, by form and by action alike."""
        self._record(request, "deleted", self._subjects(queryset), {})
        return super().log_deletions(request, queryset)  # type: ignore[misc]  # of ModelAdmin

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: int | str = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,
    ) -> None:
        """Notes that something was done."""
        if level == messages.SUCCESS:
            request.was_done = True  # type: ignore[attr-defined]  # read by the action's record
        super().message_user(request, message, level, extra_tags, fail_silently)  # type: ignore[misc]  # of ModelAdmin

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Each action, writing down that it was done once it said so."""
        found: Mapping[str, Any] = super().get_actions(request)  # type: ignore[misc]  # of ModelAdmin
        return {
            name: (act if name == "delete_selected" else self._recording(act, name), name, label)
            for name, (act, _name, label) in found.items()
        }

    def for_each(
        self, request: HttpRequest, rows: QuerySet[Any], verb: Callable[[Any], object], told: Callable[[int], str]
    ) -> None:
        """Keeps for the action's record to which rows it was done, and what they were before."""
        done: list[tuple[Any, dict[str, Any]]] = []

        def noted(row: Any) -> object:
            before = {name: getattr(row, name) for name in self.told_fields}
            answer = verb(row)
            if answer is not False:
                done.append((row, before))
            return answer

        request.done_to = done  # type: ignore[attr-defined]  # read by the action's record
        super().for_each(request, rows, noted, told)  # type: ignore[misc]  # of Page

    def _recording(self, act: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(act)
        def recording(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> Any:
            # Afterwards some of them may be gone.
            subjects = self._subjects(rows)
            answer = act(page, request, rows)
            if getattr(request, "was_done", False):
                done = getattr(request, "done_to", None)
                named = subjects if done is None else self._subjects([row for row, _before in done])
                self._record(request, name, named, self._turned(done or []))
            return answer

        return recording

    def _turned(self, done: list[tuple[Any, dict[str, Any]]]) -> dict[str, tuple[Any, Any]]:
        """Old and new of `told_fields`, where they differ, of the first rows; each is named if there are more."""
        if not self.told_fields:
            return {}
        keys = [row.pk for row, _before in done[:_TOLD]]
        rows = self.opts.model._base_manager.filter(pk__in=keys).values("pk", *self.told_fields)
        now = {row["pk"]: row for row in rows}
        return {
            f"{row}: {name}" if len(done) > 1 else name: (old, now[row.pk][name])
            for row, before in done[:_TOLD]
            if row.pk in now
            for name, old in before.items()
            if old != now[row.pk][name]
        }

    def _subject(self, row: Any) -> str:
        return f"{self.opts.verbose_name} {row}"

    def _subjects(self, rows: QuerySet[Any] | list[Any]) -> str:
        named = [str(row) for row in rows[:_NAMED]]
        count = rows.count() if isinstance(rows, QuerySet) else len(rows)
        text = ", ".join(named)
        if count > len(named):
            text = _("%(named)s and %(rest)d more") % {"named": text, "rest": count - len(named)}
        return f"{self.opts.verbose_name_plural if count != 1 else self.opts.verbose_name} {text}"

    def _record(self, request: HttpRequest, action: str, subject: str, changes: audit.Pairs) -> None:
        names = {name for name in changes if is_secret(name) and name not in self.plain_fields}
        shown = audit.masked(changes, names | set(self.secret_fields))
        audit.record(request.user.get_username(), "admin", action, subject, shown)


def _of_form(form: Any) -> dict[str, tuple[Any, Any]]:
    """Old and new of what was changed in a form: the new one as it is stored, which may not be what was entered."""
    stored = _stored(form.instance)
    changes = {}
    for name in form.changed_data:
        old = _shown(form.initial.get(name))
        new = _shown(stored(name) if stored and name in _columns(form.instance) else form.cleaned_data.get(name))
        if old != new:
            changes[name] = (old, new)
    return changes


def _columns(row: Model) -> set[str]:
    return {field.name for field in row._meta.concrete_fields}


def _stored(row: Model) -> Callable[[str], Any] | None:
    values = type(row)._base_manager.filter(pk=row.pk).values().first()
    if values is None:
        return None
    names = {field.name: field.attname for field in row._meta.concrete_fields}
    return lambda name: values[names[name]]


def _shown(value: Any) -> Any:
    """Rows by their names, and a set of them in a fixed order."""
    if isinstance(value, QuerySet | list | tuple | set):
        return sorted(str(one) for one in value)
    return str(value) if isinstance(value, Model) else value
