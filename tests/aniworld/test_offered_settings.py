"""A form offers what the product follows, and nothing else."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from aniworld.configuration.fields import Setting
from aniworld.configuration.forms import EVERY
from aniworld.environment import ROOT
from providers.admin import ProviderAdmin
from providers.models import Rules

DEFINED_IN = tuple(f"aniworld/configuration/{name}.py" for name in ("sections", "forms", "fields", "rules", "titles"))


@cache
def product() -> str:
    """The source of the product without where settings are defined."""
    files = [
        path
        for name in ("aniworld", "library", "downloads", "providers", "integrations")
        for path in (ROOT / name).rglob("*.py")
    ]
    named = {str(path.relative_to(ROOT)): path for path in files if "migrations" not in path.parts}
    return "\n".join(path.read_text() for name, path in named.items() if name not in DEFINED_IN)


def is_read(key: str) -> bool:
    return re.search(rf"\.{key}\b", product()) is not None


def dotted(setting: Setting) -> str:
    return ".".join(setting.path)


@pytest.mark.parametrize("setting", EVERY, ids=dotted)
def test_each_setting_that_is_offered_is_read(setting: Setting) -> None:
    assert is_read(setting.path[-1]), f"a form offers {dotted(setting)}, which nothing reads"


def test_a_provider_s_form_offers_no_limit_that_nothing_keeps_to() -> None:
    fieldsets: Any = ProviderAdmin.fieldsets
    offered = {name for _title, options in fieldsets for name in options["fields"]}
    limits = set(Rules.__dataclass_fields__)
    kept = {name for name in limits if re.search(rf"\brules\.{name}\b", product())}
    assert "timeout_seconds" in kept
    assert offered & limits == kept
