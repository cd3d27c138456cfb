"""The form field of each setting, made from its type: kind, bounds, help, and what it starts with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from django import forms
from django.conf import settings as django_settings
from django.utils.translation import gettext
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aniworld.configuration import store
from aniworld.configuration.judging import NUMBER, WHOLE_NUMBER
from aniworld.configuration.looks import Look
from aniworld.configuration.sections import Settings, TimeOfDay
from aniworld.configuration.targets import TargetsChange, TargetsField
from aniworld.configuration.titles import CHOICES, TITLES

MARK = "__"
# What takes the name of a language of the pages.
_OF_PAGES = "general.default_ui_language"


@dataclass(frozen=True)
class Setting:
    """One value of the configuration: the way to it, and what is known of it."""

    path: tuple[str, ...]
    info: FieldInfo

    @property
    def name(self) -> str:
        """The form field's name."""
        return MARK.join(self.path)

    @property
    def dotted(self) -> str:
        """As commands and the API write it."""
        return ".".join(self.path)

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

    @property
    def is_list(self) -> bool:
        """Whether it is several values in an order."""
        return get_origin(self.types[0]) is tuple

    @property
    def words(self) -> tuple[str, ...]:
        """What it, or each of its values, may be; nothing where that is not a fixed choice."""
        kind = get_args(self.types[0])[0] if self.is_list else self.types[0]
        return get_args(kind) if get_origin(kind) is Literal else ()

    @property
    def bounds(self) -> dict[str, Any]:
        """`min_value` and `max_value` of a number, as far as it has them."""
        found: dict[str, Any] = {}
        for rule in self.info.metadata:
            if isinstance(rule, Ge):
                found["min_value"] = rule.ge
            elif isinstance(rule, Gt):
                found["min_value"] = 0
            elif isinstance(rule, Le):
                found["max_value"] = rule.le
        return found

    @property
    def span(self) -> str:
        """The bounds of a number in words; "" without any."""
        bounds = self.bounds
        if not bounds:
            return ""
        if "max_value" not in bounds:
            return gettext("%(least)s or more.") % {"least": bounds["min_value"]}
        is_open = any(isinstance(rule, Gt) for rule in self.info.metadata)
        text = gettext("More than %(least)s, up to %(most)s.") if is_open else gettext("%(least)s to %(most)s.")
        return text % {"least": bounds.get("min_value", 0), "most": bounds["max_value"]}

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


def field_for(setting: Setting, look: Look) -> forms.Field:
    """The form field of a setting: its kind, bounds, help and whether it may be empty."""
    label, told = gettext(TITLES[setting.dotted]), gettext(setting.info.description or "")
    # What the label says already needs no help.
    texts: dict[str, Any] = {"label": label, "help_text": "" if told == f"{label}." else told}
    kind = setting.types[0]
    if setting.is_secret:
        return _secret_field(setting, texts, look)
    if kind is bool:
        return forms.BooleanField(required=False, widget=look.switch({}), **texts)
    if kind in (int, float):
        return _number_field(setting, texts, look)
    if setting.words and not setting.is_list:
        return forms.ChoiceField(choices=_choices(setting), widget=look.select({}), **texts)
    if kind == TimeOfDay:
        return forms.CharField(required=False, widget=look.time({}), **texts)
    ranked = look.ranked(_choices(setting)) if setting.words and look.ranked else None
    return forms.CharField(required=False, widget=ranked or look.text({}), **texts)


def _number_field(setting: Setting, texts: dict[str, Any], look: Look) -> forms.Field:
    """Its bounds are told and given to the browser; whether they are kept is judged with all the rest, in its words."""
    is_whole = setting.types[0] is int
    texts["help_text"] = f"{texts['help_text']} {setting.span}".strip()
    attributes = {"min": setting.bounds.get("min_value"), "max": setting.bounds.get("max_value")}
    attributes |= {} if is_whole else {"step": "any"}
    widget = look.number({name: value for name, value in attributes.items() if value is not None})
    wrong = gettext(WHOLE_NUMBER if is_whole else NUMBER)
    number = forms.IntegerField if is_whole else forms.FloatField
    errors = {"invalid": wrong, "required": wrong}
    return number(required=not setting.is_optional, widget=widget, error_messages=errors, **texts)


def _secret_field(setting: Setting, texts: dict[str, Any], look: Look) -> forms.Field:
    if setting.is_list:
        return TargetsField(look, required=False, **texts)
    how = gettext("Empty keeps it; a single “-” removes it.")
    texts["help_text"] = f"{texts['help_text']} {how}".strip()
    stored = "•••" if setting.of(store.current()) else ""
    widget = look.secret({"autocomplete": "new-password", "placeholder": stored})
    return forms.CharField(required=False, widget=widget, **texts)


def _choices(setting: Setting) -> list[tuple[str, str]]:
    words: tuple[str, ...] = setting.words
    spoken: dict[str, str] = {}
    if setting.dotted == _OF_PAGES:
        # Only those that the pages speak, besides one that is stored for when they will.
        spoken = dict(django_settings.LANGUAGES)
        known = {"auto", setting.of(store.current()), *spoken}
        # A language is called as those call it who speak it.
        words = tuple(word for word in words if word in known)
    return [(word, spoken.get(word) or gettext(CHOICES.get(f"{setting.dotted}.{word}", word))) for word in words]


def shown(setting: Setting, settings: Settings) -> Any:
    """What the field of a setting starts with; nothing for a secret, and of targets their labels."""
    value = setting.of(settings)
    if setting.is_secret:
        return [target["label"] for target in value] if setting.is_list else ""
    return ", ".join(value) if isinstance(value, tuple) else value


def understood(setting: Setting, value: Any) -> Any:
    """What is meant by a field's cleaned value."""
    if isinstance(value, TargetsChange):
        return value.applied_to(setting.of(store.current()))
    if setting.is_secret and value.strip() == "-":
        return ""
    if setting.is_list:
        return [word.strip() for word in value.split(",") if word.strip()]
    return None if value == "" and setting.is_optional else value
