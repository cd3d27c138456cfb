"""The configuration as one form, as a file, and its backups."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError
from unfold.decorators import action

from aniworld.admin_pages.pages import Page, ReadOnly
from aniworld.admin_pages.untransacted import WithoutTransaction
from aniworld.configuration import backups, exchange, masks, store
from aniworld.configuration.differences import in_words
from aniworld.configuration.forms import EVERY, SECTION_TITLES, ConfigurationForm
from aniworld.configuration.models import Configuration, ConfigurationBackup
from aniworld.management.command import explanation
from aniworld.refusals import Refused

VIA = "admin"


def _who(request: HttpRequest) -> str:
    return str(request.user.get_username())


def _asked(page: Page, request: HttpRequest, title: str, **context: Any) -> HttpResponse:
    """A page that says what would happen, with the button that does it."""
    whole = {**page.admin_site.each_context(request), "opts": page.opts, "media": page.media, "title": title, **context}
    return TemplateResponse(request, "admin/configuration/ask.html", whole, status=422 if context.get("wrong") else 200)


def _list_of(model: type[Configuration | ConfigurationBackup]) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"admin:configuration_{model._meta.model_name}_changelist"))


@admin.register(Configuration)
class ConfigurationAdmin(Page, WithoutTransaction):  # type: ignore[misc]  # unfold ships no types
    form = ConfigurationForm
    compressed_fields = True
    warn_unsaved_form = True
    change_form_after_template = "admin/configuration/naming.html"
    actions_detail = ("export", "take_over", "reset")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A section, a fieldset: as tabs, so that each stays short."""
        fields = {name: [one.name for one in EVERY if one.path[0] == name] for name in SECTION_TITLES}
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

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form; its rules look at the disk, so it is in no transaction."""
        try:
            answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as error:
            # It was right on its own: a folder can't be made, or somebody else changed what it does not go with.
            self.message_user(request, explanation(error), messages.ERROR)
            return _list_of(Configuration)
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """The one way to change it, with a backup before."""
        if isinstance(form, ConfigurationForm) and form.changes:
            store.change(form.changes, by=_who(request), via=VIA, reason="admin")

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Names the settings; never their values, which may be secrets."""
        return gettext("Changed: %s") % ", ".join(name.replace("__", ".") for name in form.changed_data)

    @action(description=_("Export"), url_path="export", permissions=["change"])
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The configuration as a file, without secrets."""
        name, text = exchange.as_file()
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(text, content_type="application/json", headers=headers)

    @action(description=_("Import"), url_path="import", permissions=["change"])
    def take_over(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Reads a file that was exported; nothing changes unless all of it is right."""
        wrong, file = "", request.FILES.get("file")
        if request.method == "POST" and file is None:
            wrong = gettext("Choose a file first.")
        elif file is not None:
            try:
                exchange.take_over(exchange.read(file.read(exchange.LARGEST_FILE)), by=_who(request), via=VIA)
            except (Refused, ValidationError) as error:
                wrong = explanation(error)
            else:
                self.message_user(request, gettext("Imported. What was in force before is a backup."), messages.SUCCESS)
                return _list_of(Configuration)
        question = gettext("A file that was exported here or elsewhere. Nothing changes unless all of it is right.")
        label = gettext("Import")
        return _asked(self, request, label, question=question, yes=label, wants_file=True, wrong=wrong)

    @action(description=_("Reset…"), url_path="reset", permissions=["change"])
    def reset(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What a reset would change, and the button that does it."""
        if request.method == "POST":
            store.reset(by=_who(request), via=VIA)
            self.message_user(request, gettext("Reset. What was in force before is a backup."), messages.SUCCESS)
            return _list_of(Configuration)
        question = gettext("Every setting gets its default. What is in force now becomes a backup.")
        differences = in_words(masks.differences(store.current(), store.defaults()))
        title, yes = gettext("Reset the configuration"), gettext("Reset")
        return _asked(self, request, title, question=question, yes=yes, differences=differences, shows_differences=True)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ConfigurationBackup)
class ConfigurationBackupAdmin(ReadOnly):
    about = _("Each change of the configuration makes a backup of what was in force before.")
    when_empty = _("There is none yet: nothing was ever changed.")
    list_display = ("name", "created_at", "created_by", "reason")
    search_fields = ("name", "created_by", "reason")
    list_filter = ("created_at", "created_by")
    fields = readonly_fields = ("name", "created_at", "created_by", "reason", "restoring", "content")
    actions = ("restore",)
    actions_list = ("back_up",)
    actions_detail = ("restore_this",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConfigurationBackup]:
        return super().get_queryset(request).defer("values")  # type: ignore[no-any-return]  # unfold ships no types

    @admin.display(description=_("a restore would change"))
    def restoring(self, obj: ConfigurationBackup) -> str:
        """Setting by setting, without secrets."""
        try:
            differences = in_words(store.compared(obj.name))
        except Refused as refusal:
            return str(refusal)
        lines = "\n".join(f"{one.title}: {one.now} → {one.then}" for one in differences)
        return format_html("<pre>{}</pre>", lines) if lines else gettext("Nothing: it holds what is in force.")

    @admin.display(description=_("content"))
    def content(self, obj: ConfigurationBackup) -> str:
        """Without secrets, which are only said to be set."""
        try:
            shown: Any = masks.public(backups.settings_of(obj))
        except Refused as refusal:
            return str(refusal)
        return format_html("<pre>{}</pre>", json.dumps(shown, indent=2, ensure_ascii=False))

    @action(description=_("Back up now"), url_path="back-up", permissions=["act"])
    def back_up(self, request: HttpRequest) -> HttpResponse:
        """Makes a backup of what is in force."""
        if request.method == "POST":
            backup = store.back_up(by=_who(request), via=VIA)
            self.message_user(request, gettext("Backed up as %s.") % backup.name, messages.SUCCESS)
            return _list_of(ConfigurationBackup)
        question = gettext("A backup of the configuration as it is in force now.")
        return _asked(self, request, gettext("Back up now"), question=question, yes=gettext("Back up"))

    @action(description=_("Restore…"), url_path="restore", permissions=["act"])
    def restore_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What a restore would change, and the button that does it."""
        backup = self.get_object(request, object_id)
        if backup is None:
            return _list_of(ConfigurationBackup)
        if request.method == "POST":
            return self._restored(request, backup.name)
        try:
            differences = in_words(store.compared(backup.name))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return _list_of(ConfigurationBackup)
        question = gettext("Makes the backup %s the configuration. What is in force now becomes a backup.")
        return _asked(
            *(self, request, gettext("Restore a backup")),
            question=question % backup.name,
            yes=gettext("Restore"),
            differences=differences,
            shows_differences=True,
        )

    @admin.action(description=_("Restore the selected backup"))
    def restore(self, request: HttpRequest, queryset: QuerySet[ConfigurationBackup]) -> HttpResponse | None:
        """Leads to the question: what it would change."""
        chosen = list(queryset.values_list("pk", flat=True)[:2])
        if len(chosen) != 1:
            self.message_user(request, gettext("Select exactly one backup."), messages.ERROR)
            return None
        return HttpResponseRedirect(reverse("admin:configuration_configurationbackup_restore_this", args=chosen))

    def _restored(self, request: HttpRequest, name: str) -> HttpResponse:
        try:
            store.restore(name, by=_who(request), via=VIA)
        except (Refused, ValidationError) as error:
            text = gettext("It can't be restored. %s") % explanation(error)
            self.message_user(request, text, messages.ERROR)
        else:
            told = gettext("Restored. What was in force before is a backup, too.")
            self.message_user(request, told, messages.SUCCESS)
        return _list_of(ConfigurationBackup)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They may be deleted by hand; as many as configured are kept anyway."""
        return self.has_act_permission(request)

    def delete_model(self, request: HttpRequest, obj: ConfigurationBackup) -> None:
        """By the verb, which is written down."""
        backups.delete(obj.name, by=_who(request), via=VIA)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ConfigurationBackup]) -> None:
        """Likewise."""
        for name in queryset.values_list("name", flat=True):
            backups.delete(name, by=_who(request), via=VIA)
