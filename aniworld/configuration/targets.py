"""The form field for who is told: targets are added and removed by label, and no address is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from aniworld.configuration.looks import Look


@dataclass(frozen=True)
class TargetsChange:
    """What a person asked for: labels to remove, and at most one new target."""

    removed: tuple[str, ...] = ()
    label: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return f"TargetsChange({self.removed!r}, {self.label!r})"

    def __bool__(self) -> bool:
        return bool(self.removed or self.label or self.address)

    def applied_to(self, targets: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
        """The targets as they are afterwards; a label that is there already gets the new address."""
        gone = {*self.removed, self.label}
        kept = [dict(target) for target in targets if target["label"] not in gone]
        return [*kept, {"label": self.label, "address": self.address}] if self.label else kept


class TargetsWidget(forms.Widget):
    """A box to tick for each target that is there, and two fields for a new one. Its value: labels, or a change."""

    use_fieldset = True

    def __init__(self, look: Look, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.look = look

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:  # noqa: ARG002 - Django's interface
        """Without any stored address; one that was just typed stays when the form comes back with an error."""
        labels, change = value if isinstance(value, tuple) else (value or [], TargetsChange())
        rows = [(label, self._box(name, label, label in change.removed)) for label in labels]
        new = self.look.text({**(attrs or {}), "placeholder": _("for example: phone"), "maxlength": 100})
        secret = self.look.secret(
            {"placeholder": "ntfys://…", "id": f"id_{name}__address", "autocomplete": "new-password"}
        )
        context = {
            "name": name,
            "rows": rows,
            "label": new.render(f"{name}__label", change.label),
            "address": secret.render(f"{name}__address", change.address),
        }
        return render_to_string(self.look.targets, context)

    def _box(self, name: str, label: str, is_ticked: bool) -> str:
        checked = {"checked": True} if is_ticked else {}
        return str(self.look.box({**checked, "value": label}).render(f"{name}__remove", None, {"id": None}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> TargetsChange:  # noqa: ARG002 - Django's interface
        """What the form says."""
        removed: Sequence[str] = data.getlist(f"{name}__remove") if hasattr(data, "getlist") else ()
        label, address = (str(data.get(f"{name}__{part}", "")).strip() for part in ("label", "address"))
        return TargetsChange(tuple(removed), label, address)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:  # noqa: ARG002 - Django's interface
        """Never: nothing ticked is an answer, too."""
        return False


class TargetsField(forms.Field):
    """Cleans to a `TargetsChange`; its initial value is the list of labels."""

    def __init__(self, look: Look, **options: Any) -> None:
        super().__init__(widget=TargetsWidget(look), **options)

    def clean(self, value: TargetsChange) -> TargetsChange:
        """Raises ValidationError when only one of label and address is given."""
        if bool(value.label) != bool(value.address):
            raise ValidationError(_("A new target needs a label and an address."))
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:  # noqa: ARG002 - Django's interface
        """Whether anything is asked for."""
        return bool(data)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Labels and what was asked for, for a form that is shown again."""
        return (initial or [], data)
