"""The settings of the scheduler under the names of its API; they are kept in the configuration like all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from aniworld.configuration import store

# Name in the API → section and key of the configuration.
PLACES = {
    "enabled": ("scheduler", "enabled"),
    "interval_minutes": ("scheduler", "interval_minutes"),
    "cron": ("scheduler", "cron"),
    "auto_download_after_rescan": ("scheduler", "auto_download_after_rescan"),
    "newest_check_minutes": ("scheduler", "newest_check_minutes"),
    "download_window_start": ("downloads", "window_start"),
    "download_window_end": ("downloads", "window_end"),
}
_NAMES = {place: name for name, place in PLACES.items()}


class WrongSettings(Exception):
    """`errors`: each as `loc`, `msg` and `type`, all at once."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


def current() -> dict[str, Any]:
    """What is in force; `cron` and the window are None while they are not set."""
    now = store.current()
    values = {name: getattr(getattr(now, section), key) for name, (section, key) in PLACES.items()}
    return {**values, "cron": values["cron"] or None}


def change(given: Mapping[str, Any], *, by: str) -> dict[str, Any]:
    """Changes what is named; answers all of it. An interval alone takes the place of a cron expression.

    Raises `WrongSettings`.
    """
    unknown = [name for name in given if name not in PLACES]
    values = _sections({name: value for name, value in given.items() if name in PLACES})
    errors = [_error(name, _("There is no such setting."), "extra_forbidden") for name in unknown]
    try:
        store.validate(values)
        if not errors and values:
            store.change(values, by=by, via="api", reason="scheduler")
    except ValidationError as error:
        errors += [_error(_name(one["loc"]), one["msg"], one["type"]) for one in error.errors(include_input=False)]
    if errors:
        raise WrongSettings(errors)
    return current()


def _sections(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    whole = dict(given)
    if "cron" in whole:
        whole["cron"] = whole["cron"] if whole["cron"] is not None else ""
    elif "interval_minutes" in whole:
        whole["cron"] = ""
    for name in ("download_window_start", "download_window_end"):
        if whole.get(name) == "":
            whole[name] = None
    values: dict[str, dict[str, Any]] = {}
    for name, value in whole.items():
        section, key = PLACES[name]
        values.setdefault(section, {})[key] = value
    return values


def _name(place: tuple[int | str, ...]) -> str:
    section, key = (*(str(part) for part in place), "", "")[:2]
    return _NAMES.get((section, key), ".".join(map(str, place)))


def _error(name: str, message: str, kind: str) -> dict[str, Any]:
    return {"loc": ["body", name], "msg": message, "type": kind}
