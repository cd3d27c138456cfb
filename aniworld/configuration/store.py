"""Reads the configuration through one cache that is at most a second old, and changes it with a backup before."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from pydantic import BaseModel

from aniworld.configuration import backups
from aniworld.configuration.judging import judged
from aniworld.configuration.models import Configuration
from aniworld.configuration.sections import Settings

_MAXIMUM_AGE = 1.0
_lock = threading.Lock()
_cached: tuple[float, Settings] | None = None
# Grows with each `forget`: a row read before a change must not be cached after it.
_generation = 0


def current() -> Settings:
    """The settings in force; a change made by any process is seen within a second."""
    global _cached
    with _lock:
        if _cached and time.monotonic() - _cached[0] < _MAXIMUM_AGE:
            return _cached[1]
        generation = _generation
    settings_now = parse(Configuration.objects.filter(pk=1).first())
    with _lock:
        if generation == _generation:
            _cached = (time.monotonic(), settings_now)
    return settings_now


def forget() -> None:
    """Makes the next `current()` read the row."""
    global _cached, _generation
    with _lock:
        _cached = None
        _generation += 1


def session_lifetime() -> timedelta:
    """How long a login lasts."""
    return timedelta(hours=current().general.session_timeout_hours)


def first_values() -> dict[str, dict[str, Any]]:
    """What the environment gives before anybody configured anything: section → key → value."""
    return {"metadata": {"tmdb_api_key": settings.TMDB_API_KEY or ""}}


def _merged(before: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with `values` (section → key → value) in their places, not yet judged."""
    whole: dict[str, Any] = before.model_dump(mode="json")
    for name, section in values.items():
        known = whole.get(name)
        whole[name] = {**known, **section} if isinstance(known, dict) and isinstance(section, Mapping) else section
    return whole


def change(values: Mapping[str, Any], *, by: str = "", reason: str = "") -> Settings:
    """Merges `values` (section → key → value) into the row, after a backup of it.

    Raises `pydantic.ValidationError` with every error at once and changes nothing then.
    """
    # The rules may look at the disk, which a transaction must not wait for.
    validate(values)
    with transaction.atomic():
        row = _locked_row()
        before = parse(row)
        return _write(row, before, Settings.model_validate(_merged(before, values)), by=by, reason=reason)


def replace(whole: Mapping[str, Any], *, by: str = "", reason: str = "") -> Settings:
    """Makes `whole` the configuration; what it leaves out gets its default. Errors as for `change`."""
    after = judged(current(), whole)
    with transaction.atomic():
        row = _locked_row()
        return _write(row, parse(row), after, by=by, reason=reason)


def restore(name: str, *, by: str = "") -> Settings:
    """Makes a backup the configuration, after a backup of the present one.

    Raises `NotThere`, and `pydantic.ValidationError` for a backup that is not understood any more.
    """
    return replace(backups.named(name).values, by=by, reason=f"restore of {name}")


def validate(values: Mapping[str, Any]) -> Settings:
    """What `change` would make of it, without doing it. Raises `pydantic.ValidationError` with every error."""
    now = current()
    return judged(now, _merged(now, values))


def reset(*, by: str = "") -> Settings:
    """Back to the defaults and the environment's first values."""
    return replace(first_values(), by=by, reason="reset")


def ensure_row() -> Configuration:
    """The row, made with the environment's first values when nobody changed anything yet."""
    return Configuration.objects.get_or_create(pk=1, defaults=first_values())[0]


def _locked_row() -> Configuration:
    ensure_row()
    return Configuration.objects.select_for_update().get(pk=1)


def _write(row: Configuration, before: Settings, after: Settings, *, by: str, reason: str) -> Settings:
    backups.keep(before, after.general.max_backups, by=by, reason=reason)
    for name, section in after.model_dump(mode="json").items():
        setattr(row, name, section)
    row.version += 1
    row.save()
    forget()
    # Read between now and the commit, the old row would be cached for another second.
    transaction.on_commit(forget)
    return after


def parse(row: Configuration | None) -> Settings:
    """The settings of a row; of none, the first values."""
    if row is None:
        return Settings.model_validate(first_values())
    return Settings.model_validate({name: getattr(row, name) for name in Settings.model_fields})


def is_secret(section: BaseModel, key: str) -> bool:
    """Whether a value is written and never shown."""
    extra = type(section).model_fields[key].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("secret"))


def public_dump(settings_shown: Settings | None = None) -> dict[str, dict[str, Any]]:
    """The settings as JSON for people: a secret is only said to be set (true) or not (false)."""
    shown = settings_shown or current()
    dumped: dict[str, dict[str, Any]] = shown.model_dump(mode="json")
    for name, section in dumped.items():
        for key in section:
            if is_secret(getattr(shown, name), key):
                section[key] = bool(section[key])
    return dumped


def without_secrets(settings_shown: Settings | None = None) -> dict[str, dict[str, Any]]:
    """The settings as JSON that `change` takes again, secrets left out."""
    shown = settings_shown or current()
    dumped: dict[str, dict[str, Any]] = shown.model_dump(mode="json")
    return {
        name: {key: value for key, value in section.items() if not is_secret(getattr(shown, name), key)}
        for name, section in dumped.items()
    }


def is_text(section: str, key: str) -> bool:
    """Whether the setting is any text, so that what looks like a number is meant as written."""
    group = Settings.model_fields.get(section)
    annotation = group.annotation if group else None
    if not isinstance(annotation, type) or not issubclass(annotation, BaseModel) or key not in annotation.model_fields:
        return False
    return annotation.model_fields[key].annotation is str
