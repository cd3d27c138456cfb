"""docs/configuration.md names every setting with its default, its bounds and its meaning, as they are in the code."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from aniworld.configuration.fields import Setting
from aniworld.configuration.forms import EVERY, SECTION_TITLES
from aniworld.configuration.sections import Settings, TimeOfDay
from aniworld.configuration.titles import TITLES
from aniworld.environment import ROOT
from providers.demo import PROVIDERS
from providers.demo.fault_kinds import KINDS, STAGES, Fault
from providers.demo.faults import FaultPlan, read_plan

DOCUMENT = ROOT / "docs" / "configuration.md"


def default(setting: Setting) -> str:
    value = setting.of(Settings())
    if setting.is_secret or value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"`{value}`" if isinstance(value, str) else f"{value:g}"


def allowed(setting: Setting) -> str:
    kind, bounds = setting.types[0], setting.bounds
    if setting.words:
        words = ", ".join(f"`{word}`" for word in setting.words)
        return f"{words}, in any order, each once" if setting.is_list else words
    if kind is bool:
        return "on, off"
    if kind in (int, float):
        # A limit of nothing is no limit.
        least = "more than 0" if "min_value" not in bounds or _is_open(setting) else f"{bounds['min_value']:g}"
        none = " or none" if setting.is_optional else ""
        return f"{least} to {bounds['max_value']:d}{none}"
    if kind == TimeOfDay:
        return "a time of day such as `22:00`, or none"
    return "labels with addresses" if setting.is_list else "text"


def _is_open(setting: Setting) -> bool:
    return any(hasattr(rule, "gt") for rule in setting.info.metadata)


def row_of(setting: Setting) -> str:
    """The setting's line of the document."""
    title, help_text = TITLES[setting.dotted], (setting.info.description or "").replace("|", "\\|")
    meaning = f"{title}." if help_text in ("", f"{title}.") else f"{title}. {help_text}"
    secret = " Secret." if setting.is_secret else ""
    return f"| `{setting.dotted}` | {default(setting)} | {allowed(setting)} | {meaning}{secret} |"


def test_every_section_has_its_table() -> None:
    text = DOCUMENT.read_text()
    assert [name for name in SECTION_TITLES if f"### {name}\n" not in text] == []


@pytest.mark.parametrize("setting", EVERY, ids=lambda setting: setting.dotted)
def test_every_setting_is_documented_as_it_is(setting: Setting) -> None:
    assert row_of(setting) in DOCUMENT.read_text().splitlines()


def test_nothing_else_is_documented() -> None:
    named = set(re.findall(r"^\| `([a-z_.]+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert named == {setting.dotted for setting in EVERY}


def test_every_fault_of_the_demo_is_explained() -> None:
    text = (ROOT / "docs" / "demo-faults.md").read_text()
    names = {*KINDS, *STAGES, *(item.name for item in fields(Fault))}
    assert {name for name in names if f"`{name}`" not in text} == set()
    example = read_plan(text.split("```json\n")[1].split("```")[0])
    assert set(example) <= PROVIDERS
    plan = FaultPlan()
    for host, faults in example.items():
        plan.set(host, faults)
