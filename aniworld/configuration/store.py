"""Reads the configuration through one cache that is at most a second old, and changes it with a backup before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from pydantic import BaseModel

from aniworld import audit
from aniworld.configuration import backups, masks, reading
from aniworld.configuration.judging import judged, prepare
from aniworld.configuration.models import Configuration, ConfigurationBackup
from aniworld.configuration.schema import SCHEMA, brought_up
from aniworld.configuration.sections import Settings

logger = logging.getLogger(__name__)

_MAXIMUM_AGE = 1.0
_lock = threading.Lock()
_cached: tuple[float, Settings] | None = None
# Grows with each `forget`: a row read before a change must not be cached after it.
_generation = 0
_followers: list[Callable[[Settings], object]] = []


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
    for follower in _followers:
        follower(settings_now)
    return settings_now


def at_hand() -> Settings:
    """As `current`, but what was read last while the database is away: for work that goes on without it."""
    with _lock:
        known = _cached
    try:
        return current()
    except (OperationalError, InterfaceError) as error:
        if known is None:
            raise
        logger.warning("The database did not answer: %s", error)
        # Else this thread would stay with the connection that broke.
        close_old_connections()
        return known[1]


def follow(follower: Callable[[Settings], object]) -> None:
    """Has `follower` called with the settings whenever this process reads them: once a second at most, if at all."""
    _followers.append(follower)


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
    return {"metadata": {"tmdb_api_key": settings.TMDB_API_KEY or ""}, "logging": {"level": settings.LOG_LEVEL}}


def defaults() -> Settings:
    """What a reset leads to."""
    return Settings.model_validate(first_values())


def _merged(before: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with `values` (section → key → value) in their places, not judged; a group keeps what is not named."""
    whole: dict[str, Any] = before.model_dump(mode="json")
    for name, section in masks.unmasked(before, values).items():
        whole[name] = _over(whole.get(name), section)
    return whole


def _over(known: Any, given: Any) -> Any:
    if not isinstance(known, dict) or not isinstance(given, Mapping):
        return given
    return {**known, **{key: _over(known.get(key), value) for key, value in given.items()}}


def change(
    values: Mapping[str, Any], *, by: str = "", via: str = "command", reason: str = "", action: str = "changed"
) -> Settings:
    """Merges `values` (section → key → value) into the row, after a backup of it; a mask keeps its secret.

    `by` is a user's name, `via` one of admin, api, page, command: both go into the log of changes.
    Raises `pydantic.ValidationError` with every error at once and changes nothing then.
    """
    return _put(lambda before: _merged(before, values), Author(by, via, reason, action))


def replace(
    whole: Mapping[str, Any], *, by: str = "", via: str = "command", reason: str = "", action: str = "replaced"
) -> Settings:
    """Makes `whole` the configuration; what it leaves out gets its default. Errors and names as for `change`."""
    return _put(lambda _before: whole, Author(by, via, reason, action))


def restore(name: str, *, by: str = "", via: str = "command") -> Settings:
    """Makes a backup the configuration, after a backup of the present one.

    Raises `NotThere`, `Conflict` or `Invalid` for a backup that is not understood any more, and
    `pydantic.ValidationError` for one that can't be in force today, as when its library folder is gone.
    """
    whole = backups.settings_of(backups.named(name)).model_dump(mode="json")
    return replace(whole, by=by, via=via, reason=f"restore of {name}", action=f"restored {name}")


def validate(values: Mapping[str, Any]) -> Settings:
    """What `change` would make of it, without doing it. Raises `pydantic.ValidationError` with every error."""
    now = current()
    return judged(now, _merged(now, values))


def reset(*, by: str = "", via: str = "command") -> Settings:
    """Back to the defaults and the environment's first values."""
    return replace(first_values(), by=by, via=via, reason="reset", action="reset")


def back_up(*, by: str = "", via: str = "command") -> ConfigurationBackup:
    """Makes a backup of the settings in force."""
    with transaction.atomic():
        now = parse(_locked_row())
        backup = backups.keep(now, now.general.max_backups, by=by, reason="by hand")
        audit.record(by, via, "made", f"configuration backup {backup.name}")
    return backup


def compared(name: str) -> dict[str, tuple[Any, Any]]:
    """`section.key` → value in force and in the backup, where they differ; secrets masked. Errors as `restore`."""
    return masks.differences(current(), backups.settings_of(backups.named(name)))


def ensure_row() -> Configuration:
    """The row, made with the environment's first values when nobody changed anything yet."""
    return Configuration.objects.get_or_create(pk=1, defaults={**first_values(), "schema": SCHEMA})[0]


def _locked_row() -> Configuration:
    ensure_row()
    return Configuration.objects.select_for_update().get(pk=1)


@dataclass(frozen=True)
class Author:
    """Who changes it, how, why, and what the log calls it."""

    by: str
    via: str
    reason: str
    action: str


def _put(wanted: Callable[[Settings], Mapping[str, Any]], author: Author) -> Settings:
    """Puts what `wanted` makes of the settings into force, judged against the row that it replaces.

    The rules may look at the disk, which a transaction must not wait for: so they are asked before it, and again when
    somebody else was faster.
    """
    while True:
        row = Configuration.objects.filter(pk=1).first()
        before = parse(row)
        after = judged(before, wanted(before))
        prepare(before, after)
        with transaction.atomic():
            locked = _locked_row()
            if locked.version == (row.version if row else 0):
                return _write(locked, before, after, author)


def _write(row: Configuration, before: Settings, after: Settings, author: Author) -> Settings:
    backups.keep(before, after.general.max_backups, by=author.by, reason=author.reason)
    for name, section in after.model_dump(mode="json").items():
        setattr(row, name, section)
    row.version += 1
    row.schema = SCHEMA
    row.save()
    if changes := masks.differences(before, after):
        audit.record(author.by, author.via, author.action, "configuration", changes)
    forget()
    # Read between now and the commit, the old row would be cached for another second.
    transaction.on_commit(forget)
    return after


def parse(row: Configuration | None) -> Settings:
    """The settings of a row, with the default for what is not understood of it; of none, the first values."""
    return defaults() if row is None else reading.understood(_stored(row))


def strictly_parsed(row: Configuration | None) -> Settings:
    """The same for whoever wants to know: raises `pydantic.ValidationError` for what is not understood."""
    return defaults() if row is None else Settings.model_validate(_stored(row))


def _stored(row: Configuration) -> dict[str, Any]:
    return brought_up({name: getattr(row, name) for name in Settings.model_fields}, row.schema)


def public_dump() -> masks.Dumped:
    """The settings in force as JSON for people: see `masks.public`."""
    return masks.public(current())


def without_secrets() -> masks.Dumped:
    """The settings in force as JSON that `change` takes again, secrets left out."""
    return masks.without_secrets(current())


def is_text(section: str, key: str) -> bool:
    """Whether the setting is any text, so that what looks like a number is meant as written."""
    return _kind(section, key) is str


def may_be_none(section: str, key: str) -> bool:
    """Whether the setting may have no value, such as a limit that is none."""
    return type(None) in get_args(_kind(section, key))


def _kind(section: str, key: str) -> object:
    """Of what type it is; None when it is not known."""
    group = Settings.model_fields.get(section)
    annotation = group.annotation if group else None
    if not isinstance(annotation, type) or not issubclass(annotation, BaseModel) or key not in annotation.model_fields:
        return None
    return annotation.model_fields[key].annotation
