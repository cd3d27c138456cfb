"""The configuration as one form, and its backups."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError
from unfold.admin import ModelAdmin

from aniworld.configuration import store
from aniworld.configuration.forms import OFFERED, SECTION_TITLES, ConfigurationForm
from aniworld.configuration.models import Configuration, ConfigurationBackup
from aniworld.configuration.sections import Settings


@admin.register(Configuration)
class ConfigurationAdmin(ModelAdmin):
    form = ConfigurationForm
    compressed_fields = True
    warn_unsaved_form = True

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A section, a fieldset: as tabs, so that each stays short."""
        fields = {name: [one.name for one in OFFERED if one.path[0] == name] for name in SECTION_TITLES}
        return [
            (title, {"fields": fields[name], "classes": ["tab"]})
            for name, title in SECTION_TITLES.items()
            if fields[name]
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form itself, whose fields are no columns for Django to look for."""
        return ConfigurationForm

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one row, so its form is the list."""
        store.ensure_row()
        return HttpResponseRedirect(reverse("admin:configuration_configuration_change", args=[1]))

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """The one way to change it, with a backup before."""
        if isinstance(form, ConfigurationForm) and form.changes:
            store.change(form.changes, by=request.user.get_username(), reason="admin")

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Names the settings; never their values, which may be secrets."""
        return gettext("Changed: %s") % ", ".join(name.replace("__", ".") for name in form.changed_data)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ConfigurationBackup)
class ConfigurationBackupAdmin(ModelAdmin):
    list_display = ("name", "created_at", "created_by", "reason")
    search_fields = ("name", "created_by", "reason")
    list_filter = ("created_at",)
    fields = readonly_fields = ("name", "created_at", "created_by", "reason", "content")
    actions = ("restore",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConfigurationBackup]:
        return super().get_queryset(request).defer("values")  # type: ignore[no-any-return]  # unfold ships no types

    @admin.display(description=_("content"))
    def content(self, obj: ConfigurationBackup) -> str:
        """Without secrets, which are only said to be set."""
        try:
            shown: Any = store.public_dump(Settings.model_validate(obj.values))
        except ValidationError:
            return gettext("It was made by another version and is not understood any more.")
        return format_html("<pre>{}</pre>", json.dumps(shown, indent=2, ensure_ascii=False))

    @admin.action(description=_("Restore the selected backup"))
    def restore(self, request: HttpRequest, queryset: QuerySet[ConfigurationBackup]) -> None:
        names = list(queryset.values_list("name", flat=True)[:2])
        if len(names) != 1:
            self.message_user(request, gettext("Select exactly one backup."), messages.ERROR)
            return
        try:
            store.restore(names[0], by=request.user.get_username())
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            self.message_user(request, gettext("It can't be restored. %s") % wrong, messages.ERROR)
            return
        self.message_user(request, gettext("Restored. What was in force before is a backup, too."), messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
