"""Forms that take back nothing of what others saved while they stood open."""

from __future__ import annotations

from typing import Any

from django import forms


class ChangedHere(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Knows what its page showed, so that `changed_data` names only what was changed on that page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            # It comes back with the page. Whoever sends none means what is stored now.
            field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data
