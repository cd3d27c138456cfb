"""Which shape a stored or exported configuration has, and the steps that bring an older one up to today's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from aniworld.refusals import Invalid

Values = dict[str, Any]

# Grows whenever a key is renamed, moved or gets another meaning; then a step below brings the former shape here.
# A new key with a default needs no step.
SCHEMA = 2


def _alerts_by_kind(values: Values) -> Values:
    """1 → 2: the switches of the alerts got the names of the kinds of alerts, and one that meant nothing went."""
    section = values.get("notifications")
    if not isinstance(section, Mapping):
        return values
    renamed = {"download_complete": "episodes_arrived", "disk": "disk_low"}
    kept = {name: value for name, value in section.items() if name not in renamed and name != "system_error"}
    moved = {new: section[old] for old, new in renamed.items() if old in section}
    return {**values, "notifications": {**moved, **kept}}


_STEPS: dict[int, Callable[[Values], Values]] = {1: _alerts_by_kind}


def brought_up(values: Mapping[str, Any], schema: int) -> Values:
    """`values` (section → key → value) of the given schema in today's shape; what they hold is not judged."""
    brought = dict(values)
    for number in range(schema, SCHEMA):
        brought = _STEPS[number](brought)
    return brought


def known(schema: object) -> int:
    """`schema` as a number this program understands. Raises `Invalid` for any other."""
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise Invalid(_("“schema” must be a whole number from 1 to %d.") % SCHEMA, code="unknown_schema")
    if schema > SCHEMA:
        text = _("It was written by a newer version (schema %(theirs)s; this one knows up to %(ours)d). Update first.")
        raise Invalid(text % {"theirs": str(schema)[:20], "ours": SCHEMA}, code="unknown_schema")
    return schema
