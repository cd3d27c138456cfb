"""What the fields of the configuration look like: in the admin's theme, and plain on our own pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
    UnfoldBooleanWidget,
)

Attributes = dict[str, Any]
Make = Callable[[Attributes], forms.Widget]


class RankedSelect(forms.MultiWidget):
    """Words in an order, chosen one by one. What it sends is the text that the plain field takes: `first, second`."""

    template_name = "parts/ranked_select.html"
    use_fieldset = True

    def __init__(self, words: Sequence[tuple[str, str]], attrs: Attributes | None = None) -> None:
        choices = [("", "–"), *words]
        places = [_("1st choice"), _("2nd choice"), _("3rd choice"), *(_("%dth choice") % n for n in range(4, 20))]
        super().__init__(
            [
                forms.Select(choices=choices, attrs={"class": "input", "aria-label": place})
                for place in places[: len(words)]
            ],
            attrs,
        )

    def decompress(self, value: Any) -> list[str]:
        """The words of the text."""
        return [word.strip() for word in str(value or "").split(",")]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The text of the words, without places left empty; as it was sent where no script of ours made the form."""
        chosen = super().value_from_datadict(data, files, name)
        return ", ".join(word for word in chosen if word) or str(data.get(name) or "")


@dataclass(frozen=True)
class Look:
    """Makes the widgets of one look, given their attributes. `targets` is the template of who is told."""

    text: Make
    number: Make
    time: Make
    secret: Make
    select: Make
    switch: Make
    box: Make
    targets: str
    ranked: Callable[[Sequence[tuple[str, str]]], forms.Widget] | None = None


def _classed(
    widget: Callable[..., forms.Widget], name: str, *, attributes: Attributes | None = None, **options: Any
) -> Make:
    return lambda attrs: widget(attrs={"class": name, **(attributes or {}), **attrs}, **options)


# What was typed stays when the form comes back with an error; what is stored is never put in.
_TYPED: Attributes = {"render_value": True}

ADMIN = Look(
    text=lambda attrs: UnfoldAdminTextInputWidget(attrs=attrs),
    number=lambda attrs: UnfoldAdminIntegerFieldWidget(attrs=attrs),
    time=lambda attrs: UnfoldAdminTextInputWidget(attrs={"placeholder": "22:00", **attrs}),
    secret=lambda attrs: UnfoldAdminPasswordWidget(attrs=attrs, **_TYPED),
    select=lambda attrs: UnfoldAdminSelectWidget(attrs=attrs),
    switch=lambda attrs: UnfoldBooleanSwitchWidget(attrs=attrs),
    box=lambda attrs: UnfoldBooleanWidget(attrs=attrs),
    targets="admin/configuration/targets.html",
)
PLAIN = Look(
    text=_classed(
        forms.TextInput,
        "input",
    ),
    number=_classed(forms.NumberInput, "input"),
    time=_classed(forms.TextInput, "input", attributes={"type": "time"}),
    secret=_classed(forms.PasswordInput, "input", **_TYPED),
    select=_classed(forms.Select, "input"),
    switch=_classed(forms.CheckboxInput, "switch"),
    box=_classed(forms.CheckboxInput, "tick"),
    targets="parts/targets.html",
    ranked=RankedSelect,
)
