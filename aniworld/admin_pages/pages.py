"""The kinds of pages: one with a form, and one to look at whose rows only verbs change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext
from unfold.admin import ModelAdmin

from aniworld.admin_pages.forms import ChangedHere
from aniworld.refusals import Refused

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Page(ModelAdmin):
    """A list with its forms. `about` says in a sentence or two what it is for; an empty list adds `when_empty`."""

    about: ClassVar[str | _StrPromise] = ""
    when_empty: ClassVar[str | _StrPromise] = ""
    # Rooms of events upon which the list is brought up to date, and seconds after which it is anyway (0: never).
    live_rooms: ClassVar[tuple[str, ...]] = ()
    live_seconds: ClassVar[int] = 0
    form: Any = ChangedHere
    show_full_result_count = False
    list_per_page = 50

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Django's, which would let a year that no calendar knows reach the database; titled as in the menu."""
        for name, value in request.GET.items():
            if name.endswith("__year") and not _is_year(str(value)):
                raise IncorrectLookupParameters(name)
        found = super().get_changelist_instance(request)
        if not found.is_popup:
            found.title = capfirst(self.opts.verbose_name_plural)
        return found

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Django's, which would stumble over what can't be a row, and act on none when all are gone."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if chosen and not self._are_there(queryset, chosen, everything=request.POST.get("select_across") == "1"):
            self.message_user(request, gettext("Nothing was done: select rows of this list."), messages.WARNING)
            return None
        answer: HttpResponse | None = super().response_action(request, queryset)
        return answer

    def _are_there(self, rows: QuerySet[Any], chosen: list[str], *, everything: bool) -> bool:
        try:
            for value in chosen:
                self.opts.pk.run_validators(self.opts.pk.to_python(value))
        except ValidationError:
            return False
        return (rows if everything else rows.filter(pk__in=chosen)).exists()

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Of what can be changed in the list."""
        return super().get_changelist_form(request, **{"form": ChangedHere, **kwargs})

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether verbs may be called here: what an action with `permissions=["act"]` asks."""
        codename = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    def for_each(
        self, request: HttpRequest, rows: QuerySet[Any], verb: Callable[[Any], object], told: Callable[[int], str]
    ) -> None:
        """Does it to every chosen row; what is refused for one keeps no other. `told` makes a sentence of the count."""
        done = 0
        for row in rows:
            try:
                done += verb(row) is not False
            except Refused as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
        if done:
            self.message_user(request, told(done), messages.SUCCESS)


class NotByHand:
    """What a list or an inline of rows answers that the product writes: only verbs change them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is made by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is old goes by itself."""
        return False


class ReadOnly(NotByHand, Page):
    """Rows that the product writes: a person looks at them, and calls verbs."""


def _is_year(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 9999
