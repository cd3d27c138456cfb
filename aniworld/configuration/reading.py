"""Makes settings of what is stored. One value that is not understood must not keep the whole program from starting."""

from __future__ import annotations

import logging
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from aniworld.configuration.sections import Settings

log = logging.getLogger(__name__)

_told: set[str] = set()


def understood(stored: dict[str, Any]) -> Settings:
    """The settings stored; what this version does not understand counts as its default, and the log says so once.

    That happens when an older version is put back, or a row was changed by hand. The row stays as it is.
    """
    values = deepcopy(stored)
    while True:
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                _leave_out(values, [str(part) for part in one["loc"]])


def _leave_out(values: dict[str, Any], place: list[str]) -> None:
    """The key of a section, or the whole section when that is no group of settings."""
    section, *below = place
    group = values.get(section)
    if below and isinstance(group, dict) and below[0] in group:
        del group[below[0]]
    else:
        values.pop(section, None)
        below = []
    name = ".".join([section, *below[:1]])
    if name not in _told:
        _told.add(name)
        log.error("The stored setting %s is not understood; its default is in force", name)
