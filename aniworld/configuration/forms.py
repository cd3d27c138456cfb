"""Forms over the configuration in force, made from the typed sections: a new setting is there at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from aniworld.configuration import store
from aniworld.configuration.fields import MARK, Setting, field_for, settings_of, shown, understood
from aniworld.configuration.looks import ADMIN, PLAIN, Look
from aniworld.configuration.models import Configuration
from aniworld.configuration.sections import Settings

EVERY = tuple(settings_of(Settings))


class Judged(forms.BaseForm):
    """What both forms do: a field for each setting, and each error of the sections at its field.

    `changes` holds what was changed, section → key → value, once the form is valid.
    """

    look: ClassVar[Look]
    changes: dict[str, dict[str, Any]]
    _settings: tuple[Setting, ...]

    def ask_for(self, settings: Iterable[Setting], now: Settings) -> None:
        """Gives the form a field for each of `settings`, which starts with its value in `now`."""
        self.changes = {}
        self._settings = tuple(settings)
        for setting in self._settings:
            field = field_for(setting, self.look)
            # What the page showed comes back with it: a form that stood open for long changes only what was changed
            # in it, and takes back nothing that others saved meanwhile. Whoever sends none means what is in force.
            is_told = not self.is_bound or self.add_initial_prefix(setting.name) in self.data
            field.show_hidden_initial = is_told and not setting.is_secret
            self.fields[setting.name] = field
            self.initial[setting.name] = shown(setting, now)

    def judge(self) -> None:
        """Asks the sections, and puts each of their errors at its field."""
        # What another process saved within this second counts, too: targets are a list, and saved as a whole.
        store.forget()
        self.changes = self._changed()
        try:
            store.validate(self.changes)
        except ValidationError as error:
            self.tell(error)

    def tell(self, error: ValidationError) -> None:
        """Each error at its field."""
        for one in error.errors(include_input=False, include_url=False):
            self._add(tuple(str(part) for part in one["loc"]), one["msg"])

    def _changed(self) -> dict[str, dict[str, Any]]:
        changes: dict[str, dict[str, Any]] = {}
        for setting in self._settings:
            if setting.name not in self.changed_data or setting.name not in self.cleaned_data:
                continue
            place = changes
            for part in setting.path[:-1]:
                place = place.setdefault(part, {})
            place[setting.path[-1]] = understood(setting, self.cleaned_data[setting.name])
        return changes

    def _add(self, place: tuple[str, ...], message: str) -> None:
        """At the field itself, else above the form."""
        for length in range(len(place), 1, -1):
            name = MARK.join(place[:length])
            if name in self.fields:
                self.add_error(name, message)
                return
        self.add_error(None, f"{'.'.join(place)}: {message}")


class ConfigurationForm(Judged, forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Every setting in force, for the admin."""

    look = ADMIN

    class Meta:
        model = Configuration
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_for(EVERY, store.parse(self.instance))

    def clean(self) -> dict[str, Any] | None:
        """Asks the sections, too."""
        cleaned = super().clean()
        self.judge()
        return cleaned


class SectionForm(Judged, forms.Form):
    """The settings of one section, for our own pages."""

    look = PLAIN

    def __init__(self, section: str, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        self.ask_for((one for one in EVERY if one.path[0] == section), store.current())

    def clean(self) -> dict[str, Any] | None:
        """Asks the sections, too."""
        cleaned = super().clean()
        self.judge()
        return cleaned


SECTION_TITLES = {
    "general": _("General"),
    "library": _("Library"),
    "downloads": _("Downloads"),
    "metadata": _("Metadata"),
    "providers": _("Provider defaults"),
    "notifications": _("Notifications"),
    "scheduler": _("Scheduler"),
    "integrations": _("Media managers"),
    "logging": _("Logging"),
    "advanced": _("Advanced"),
}
