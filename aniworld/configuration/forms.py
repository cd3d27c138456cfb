"""One form over the configuration in force, made from the typed sections: a new setting is there at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from aniworld.configuration import store
from aniworld.configuration.models import Configuration
from aniworld.configuration.sections import Settings
from aniworld.configuration.targets import TargetsChange, TargetsField
from aniworld.configuration.titles import TITLES

_MARK = "__"


@dataclass(frozen=True)
class Setting:
    """One value of the configuration: the way to it, and what is known of it."""

    path: tuple[str, ...]
    info: FieldInfo

    @property
    def name(self) -> str:
        """The form field's name."""
        return _MARK.join(self.path)

    @property
    def is_secret(self) -> bool:
        """Written, never shown."""
        extra = self.info.json_schema_extra
        return isinstance(extra, dict) and bool(extra.get("secret"))

    @property
    def types(self) -> tuple[Any, ...]:
        """The types it may have, without the optional's None."""
        annotation = self.info.annotation
        if get_origin(annotation) in (Union, UnionType):
            return tuple(kind for kind in get_args(annotation) if kind is not NoneType)
        return (annotation,)

    @property
    def is_optional(self) -> bool:
        """Whether it may be left empty."""
        return NoneType in get_args(self.info.annotation)

    def of(self, settings: BaseModel) -> Any:
        """Its value in `settings`."""
        value: Any = settings
        for key in self.path:
            value = getattr(value, key)
        return value


def settings_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Every single value below `model`, nested groups opened."""
    for key, info in model.model_fields.items():
        here = (*path, key)
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from settings_of(annotation, here)
        else:
            yield Setting(here, info)


# What nothing follows yet: it can be stored, so that a configuration stays valid when its part of the product comes,
# but a form that offers it would promise what does not happen. Take a line out with the code that reads it.
NOT_IN_FORCE = (
    "general.default_ui_language",
    "downloads.language_plan.upgrade",
    "scheduler.enabled",
    "scheduler.interval_minutes",
    "scheduler.cron",
    "scheduler.auto_download_after_rescan",
    "scheduler.newest_check_minutes",
    "logging.level",
    "advanced.backup_schedule",
    "advanced.keep_database_backups",
)
EVERY = tuple(settings_of(Settings))
OFFERED = tuple(setting for setting in EVERY if ".".join(setting.path) not in NOT_IN_FORCE)


def _bounds(setting: Setting) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for rule in setting.info.metadata:
        if isinstance(rule, Ge):
            found["min_value"] = rule.ge
        elif isinstance(rule, Gt):
            found["min_value"] = 0
        elif isinstance(rule, Le):
            found["max_value"] = rule.le
    return found


def _secret_field(setting: Setting, texts: dict[str, Any]) -> forms.Field:
    if setting.types != (str,):
        return TargetsField(required=False, **texts)
    texts["help_text"] = f"{texts['help_text']} {gettext('Empty keeps it; a single “-” removes it.')}".strip()
    return forms.CharField(required=False, widget=UnfoldAdminPasswordWidget(), **texts)


def field_for(setting: Setting) -> forms.Field:
    """The form field of a setting: its kind, bounds, help and whether it may be empty."""
    label = gettext(TITLES[".".join(setting.path)])
    texts: dict[str, Any] = {"label": label, "help_text": gettext(setting.info.description or "")}
    kind = setting.types[0]
    if setting.is_secret:
        return _secret_field(setting, texts)
    if kind is bool:
        return forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget(), **texts)
    if kind in (int, float):
        number = forms.IntegerField if kind is int else forms.FloatField
        widget = UnfoldAdminIntegerFieldWidget(attrs=None if kind is int else {"step": "any"})
        return number(required=not setting.is_optional, widget=widget, **_bounds(setting), **texts)
    if get_origin(kind) is Literal:
        choices = [(choice, choice) for choice in get_args(kind)]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **texts)
    return forms.CharField(required=False, widget=UnfoldAdminTextInputWidget(), **texts)


def shown(setting: Setting, settings: Settings) -> Any:
    """What the field of a setting starts with; nothing for a secret, and of targets their labels."""
    value = setting.of(settings)
    if setting.is_secret:
        return "" if setting.types == (str,) else [target["label"] for target in value]
    return ", ".join(value) if isinstance(value, tuple) else value


def _understood(setting: Setting, value: Any) -> Any:
    """What is meant by a field's cleaned value."""
    if isinstance(value, TargetsChange):
        return value.applied_to(setting.of(store.current()))
    if setting.is_secret and value.strip() == "-":
        return ""
    if get_origin(setting.types[0]) is tuple:
        return [word.strip() for word in value.split(",") if word.strip()]
    return None if value == "" and setting.is_optional else value


class ConfigurationForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Every setting in force. `changes` holds what was changed, section → key → value, once the form is valid."""

    class Meta:
        model = Configuration
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = store.parse(self.instance)
        self.changes: dict[str, dict[str, Any]] = {}
        for setting in OFFERED:
            self.fields[setting.name] = field_for(setting)
            self.initial[setting.name] = shown(setting, now)

    def clean(self) -> dict[str, Any] | None:
        """Asks the sections, and puts each of their errors at its field."""
        cleaned = super().clean()
        self.changes = self._changes()
        try:
            store.validate(self.changes)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                self._add(tuple(str(part) for part in one["loc"]), one["msg"])
        return cleaned

    def _changes(self) -> dict[str, dict[str, Any]]:
        changes: dict[str, dict[str, Any]] = {}
        for setting in OFFERED:
            if setting.name not in self.changed_data or setting.name not in self.cleaned_data:
                continue
            place = changes.setdefault(setting.path[0], {})
            value = _understood(setting, self.cleaned_data[setting.name])
            if len(setting.path) == 2:
                place[setting.path[1]] = value
            else:
                group = place.setdefault(setting.path[1], self._group(setting))
                group[setting.path[2]] = value
        return changes

    @staticmethod
    def _group(setting: Setting) -> dict[str, Any]:
        group: BaseModel = getattr(getattr(store.current(), setting.path[0]), setting.path[1])
        return group.model_dump(mode="json")

    def _add(self, place: tuple[str, ...], message: str) -> None:
        """At the field itself, else above the form."""
        for length in range(len(place), 1, -1):
            name = _MARK.join(place[:length])
            if name in self.fields:
                self.add_error(name, message)
                return
        self.add_error(None, f"{'.'.join(place)}: {message}")


SECTION_TITLES = {
    "general": _("General"),
    "library": _("Library"),
    "downloads": _("Downloads"),
    "metadata": _("Metadata"),
    "providers": _("Provider defaults"),
    "notifications": _("Notifications"),
    "scheduler": _("Scheduler"),
    "logging": _("Logging"),
    "advanced": _("Advanced"),
}
