"""Forms that take back nothing of what others saved while they stood open."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _


class ChangedHere(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Knows what its page showed, so that `changed_data` names only what was changed on that page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            # It comes back with the page. Whoever sends none means what is stored now.
            field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data


class WriteOnly(ChangedHere):
    """What `secrets` name is taken and never shown: an empty field keeps what is stored, a minus removes it."""

    secrets: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = {name: getattr(self.instance, name) for name in self.secrets if name in self.fields}
        for name, stored in self._stored.items():
            field = self.fields[name]
            self.initial[name] = ""
            # The page would hold it.
            field.show_hidden_initial = False
            attributes = {**field.widget.attrs, "autocomplete": "new-password"}
            field.widget = forms.PasswordInput(attributes)
            if stored:
                keeps = (
                    _("Stored. Empty keeps it.") if field.required else _("Stored. Empty keeps it, a minus removes it.")
                )
                field.help_text, field.required = f"{field.help_text} {keeps}".strip(), False

    def clean(self) -> dict[str, Any]:
        """Fills in what was kept."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, stored in self._stored.items():
            given = cleaned.get(name)
            if given == "":
                cleaned[name] = stored
            elif given == "-":
                cleaned[name] = ""
        return cleaned
